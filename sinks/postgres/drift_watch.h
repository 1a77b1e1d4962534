// What drift's watch reads and keeps: who reports, how often, and by which policy agents decide. All in the
// caller's transaction. Stateless functions; one connection, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct DriftWatchRow {
  TenantId tenant;
  bool is_agent = false;
  std::string name;
  TimeUs first_time, last_time;
  std::int64_t gap_s = 0;
  std::int32_t gaps = 0;
  std::optional<TimeUs> silent_since;
  std::string policy_hash;  // empty: none seen
  std::optional<TimeUs> policy_time;
  bool operator==(const DriftWatchRow&) const = default;
};

// Somebody whose newest event time is not what the watch knows, or who may be overdue.
struct DriftWatched {
  DriftWatchRow known;  // without a row: name and tenant only
  bool has_row = false;
  TimeUs seen;  // newest event time
};

// An agent whose newest decision followed another policy than the watch knows, or is newer.
struct DriftPolicy {
  DriftWatchRow known;
  std::string hash;  // of its newest decision
  TimeUs first_time, last_time;
  std::optional<TimeUs> known_last;  // newest decision by the policy that the watch knows
};

// Until the transaction ends. False: another process watches.
Result<bool> try_lock_drift_watch(pg::Connection& connection);
// Repositories (by drift_streams) or agents (by health_agent_latest) that heard something new, and those not
// said to be silent that were heard last before `before`.
Result<std::vector<DriftWatched>> drift_watched(pg::Connection& connection, bool agents, TimeUs before);
Result<std::vector<DriftPolicy>> drift_policies(pg::Connection& connection);
Status save_drift_watch(pg::Connection& connection, std::span<const DriftWatchRow> rows);

// Positions of a consumer in a topic: partition and next offset.
Result<std::vector<std::pair<std::int32_t, std::int64_t>>> drift_positions(pg::Connection& connection,
                                                                           std::string_view consumer,
                                                                           std::string_view topic);

// Sums up reports older than `before` where a state is kept, and removes them, published events of that age,
// and resolved drifts older than their tenant's retention. Returns the reports removed.
Result<std::int64_t> prune_drift(pg::Connection& connection, TimeUs before, TimeUs now);

}  // namespace plumbline::postgres
