// Both sides of the ledger for people: `plumbline ledger`. Reads as plumbline_reader, one tenant at a time.
// Not thread-safe.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::postgres {

// Traces of one tenant; DESIGN section 6 has the equations.
struct LedgerBalance {
  std::string tenant;  // slug
  std::int64_t received = 0, accepted = 0, rejected = 0, refused = 0;
  std::int64_t appended = 0, stored = 0, duplicate = 0, conflict = 0, dead = 0;
  std::int64_t in_flight = 0, unconfirmed = 0, lost = 0, overdue = 0;
  bool balanced = true;
  // An operator must look: something is lost, overdue, or does not add up.
  [[nodiscard]] bool alarming() const { return lost > 0 || overdue > 0 || (!balanced && in_flight == 0); }
};

// Troubles of the log that concern every tenant.
struct LogTroubles {
  std::int64_t holes = 0;            // frame numbers that never came
  std::vector<std::string> losses;   // one sentence each
  std::vector<std::string> stopped;  // partitions that wait for an operator
};

// One for each tenant, zeros for one without traces. The connection's role is plumbline_control.
Result<std::vector<LedgerBalance>> ledger_balances(pg::Connection& connection,
                                                   std::span<const Tenant> tenants);
Result<LogTroubles> log_troubles(pg::Connection& connection);

}  // namespace plumbline::postgres
