// Removal of rows by age, by whole days (UTC): DESIGN section 5, "persist". Days of traces that are older
// than the longest retention of any tenant are dropped as tables; a tenant with a shorter one loses its rows
// of the days in between, and every tenant its reports, their violations and its dead letters. Sums of
// health, drifts, the ledger's counts and the links of hash chains stay: they hold no payload, and verdicts
// rest on them. Stateless functions; one connection, one thread. The connection's login must be allowed to
// act as plumbline_owner.
#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct Removed {
  std::vector<std::string> days;  // names of the tables that were dropped, oldest first
  std::int64_t traces = 0;        // one by one, of tenants with a shorter retention
  std::int64_t reports = 0;
  std::int64_t dead_letters = 0;
  bool busy = false;  // another process removes, or a day's table is in use: the rest is for the next sweep
};

// Removes what is too old as of `now`, in transactions of at most 20,000 rows; ends early when `stop` is
// requested. What an error leaves behind is found by the next sweep.
Result<Removed> remove_expired(pg::Connection& connection, TimeUs now, const std::stop_token& stop);

}  // namespace plumbline::postgres
