// Removal of rows by age, by whole days (UTC): DESIGN section 5, "persist". A tenant's floor is raised first;
// from then on consumers take nothing below it, and once they must have seen it rows go: days of traces below
// every tenant's floor as tables, the days up to a higher floor row by row, and of every tenant its reports,
// their violations and its dead letters; dead letters of no tenant go with the lowest floor. Sums of health,
// drifts, the ledger's counts and the links of hash chains stay: they hold no payload, and verdicts rest on
// them. Stateless functions; one connection, one thread. The connection's login must be allowed to act as
// plumbline_owner.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

// Consumers read the floors anew within this; a floor is that old before anything below it is removed.
inline constexpr std::chrono::seconds kFloorsReadWithin{5};
inline constexpr std::chrono::seconds kFloorSettled{10};

struct Removed {
  std::vector<std::string> days;  // names of the tables that were dropped, oldest first
  std::int64_t traces = 0;        // one by one, of tenants with a shorter retention
  std::int64_t reports = 0;
  std::int64_t dead_letters = 0;
  // There is more to do soon: another process removes, a day's table is in use, a floor was just raised.
  bool more = false;
  std::optional<Error> failed;  // the first failure; what others could be done was done
};

// Raises floors to what is too old as of `now` (or of PostgreSQL's clock, where that is behind) and removes
// what lies below those that are `settled`, in transactions of at most 20,000 rows or 1,000 reports. Ends
// early when `stop` is requested; the next sweep goes on. An error: nothing could be looked at.
Result<Removed> remove_expired(pg::Connection& connection, TimeUs now, const std::stop_token& stop,
                               std::chrono::seconds settled = kFloorSettled);

// The first moment that is kept, of each tenant with a floor. As plumbline_writer.
using Floors = std::map<TenantId, TimeUs>;
Result<Floors> load_floors(pg::Connection& connection);

}  // namespace plumbline::postgres
