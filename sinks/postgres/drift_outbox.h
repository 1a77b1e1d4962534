// The outbox of drift.v1: rows of drift_events that are not published. One process works on a lane at a time,
// so the events of a key leave in the order in which they were found, whoever found them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct DriftOutboxRow {
  std::int64_t seq = 0;
  std::string id, tenant, key, type, body;
  TimeUs time;
};

// In an open transaction, until its end. False: another process has the lane.
Result<bool> try_lock_drift_lane(pg::Connection& connection, std::int16_t lane);
// The oldest unpublished events of the lane, in order.
inline constexpr std::size_t kDriftOutboxMost = 500;  // rows that it returns
Result<std::vector<DriftOutboxRow>> drift_outbox(pg::Connection& connection, std::int16_t lane);
Status mark_drift_published(pg::Connection& connection, std::int16_t lane, std::span<const std::int64_t> seqs,
                            TimeUs at);
// Lanes that hold something.
Result<std::vector<std::int16_t>> waiting_drift_lanes(pg::Connection& connection);

}  // namespace plumbline::postgres
