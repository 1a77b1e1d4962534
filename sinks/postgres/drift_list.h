// Drifts as people ask for them; as plumbline_control, which sees every tenant's. Stateless.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

struct DriftFilter {
  std::optional<TenantId> tenant;
  std::string repo;  // empty: any
  bool open_only = false;
  std::int64_t limit = 50;  // newest first
};

// Times are RFC 3339 to the second; empty texts: not said, or not resolved.
struct ListedDrift {
  std::string tenant;  // slug
  std::string id, incident, repo, branch, state, severity;
  std::string opened_at, opened_commit, opened_version;
  std::string previous_at, previous_commit, previous_version, passing_since;
  std::string resolved_at, resolved_commit, resolved_version;
  std::string cause;  // first violation: title and file
  std::int64_t violations_total = 0;
  std::string violations;  // JSON: [{id, title, severity, files}]
  std::string json;        // the row as one JSON object, tenant by slug
};

struct ListedDriftEvent {
  std::string time, recorded_at, type, summary;
  bool notify = false, late = false, correction = false, withdrawn = false;
};

Result<std::vector<ListedDrift>> list_drifts(pg::Connection& connection, const DriftFilter& filter);
// By id or by the beginning of one. Poison "no_drift" or "many_drifts".
Result<ListedDrift> find_drift(pg::Connection& connection, std::string_view id);
// What was found about it, in that order.
Result<std::vector<ListedDriftEvent>> drift_history(pg::Connection& connection, std::string_view id);

}  // namespace plumbline::postgres
