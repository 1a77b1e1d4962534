// Finding what PostgreSQL refuses: halves of the batch are tried in transactions that are rolled back, until
// single rows are left.
#include "consumers/persist/persist.h"
#include "core/telemetry/logging.h"

namespace plumbline::persist {

Status Persist::try_units(pg::Connection& connection, std::span<const Unit> units) {
  if (Status begun = connection.begin(); !begun) return begun;
  Status stored = store(connection, units);
  connection.rollback();
  return stored;
}

Verdict& Persist::kill(const Unit& unit) {
  return unit.report ? effects_.reports[unit.at].dead.emplace()
                     : effects_.trace_places[unit.at].dead.emplace();
}

// An error means that PostgreSQL could not be asked.
Status Persist::bisect(pg::Connection& connection, std::span<const Unit> units, std::size_t& found) {
  Status tried = try_units(connection, units);
  if (tried) return ok_status();
  if (tried.error().fault != Fault::kPoison) return tried;
  if (units.size() == 1) {
    kill(units.front()) = Verdict{"sql_" + tried.error().code, tried.error().message};
    ++found;
    return ok_status();
  }
  const std::size_t half = units.size() / 2;
  if (Status left = bisect(connection, units.first(half), found); !left) return left;
  return bisect(connection, units.subspan(half), found);
}

Result<bool> Persist::isolate(pg::Connection& connection, const Error& error) {
  // "No partition for the row": retention dropped one that we took for there. Made anew once; then it is the
  // row's fault.
  if (error.code == "23514" && !partitions_retried_) {
    partitions_retried_ = true;
    store_.forget_days();
    return true;
  }
  const std::vector<Unit> units = living();
  std::size_t found = 0;
  if (units.empty()) return false;
  if (Status searched = bisect(connection, units, found); !searched) return searched.error();
  telemetry::warn("poison_isolated", {{"code", std::string_view(error.code)},
                                      {"rows", static_cast<std::int64_t>(units.size())},
                                      {"dead", static_cast<std::int64_t>(found)}});
  return found > 0;
}

}  // namespace plumbline::persist
