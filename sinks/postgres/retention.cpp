#include "sinks/postgres/retention.h"

#include <algorithm>
#include <optional>

#include "core/ids.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

// Rows a deleting transaction takes: short enough locks, few enough round trips.
constexpr const char* kBatchRows = "20000";
// Dropping a day waits for everybody who reads or writes traces, and everybody after it waits for the drop.
constexpr const char* kLockWait = "SET LOCAL lock_timeout = '500ms'";
constexpr std::string_view kLockNotAvailable = "55P03";
// What waited in the log while its day was removed is looked for again so much later.
constexpr const char* kLateDays = "2";
constexpr std::int64_t kDayUs = 86400LL * 1000000;

// As PostgreSQL reads it back: the day of `time` in UTC.
std::string day_of(TimeUs time) {
  return format_rfc3339({time.value - ((time.value % kDayUs) + kDayUs) % kDayUs}).substr(0, 10);
}

std::string in_utc(std::string_view day) {
  return day == "-infinity" ? std::string(day) : std::string(day) + "T00:00:00Z";
}

struct Due {
  std::string tenant;
  std::string from;  // first day that is looked at; empty: any
  std::string to;    // first day that stays
};

class Sweep {
 public:
  Sweep(pg::Connection& connection, TimeUs now, const std::stop_token& stop)
      : c_(connection), now_(now), stop_(stop) {}

  Result<Removed> run() {
    if (Status read = read_tenants(); !read) return read.error();
    if (!longest_) return std::move(removed_);  // no tenant yet
    const std::string kept_from = day_of({now_.value - *longest_ * kDayUs});
    if (Status dropped = drop_days(kept_from); !dropped) return dropped.error();
    for (const Due& due : due_) {
      if (stop_.stop_requested()) return std::move(removed_);
      if (Status done = remove_of(due, std::max(due.from, kept_from)); !done) return done.error();
    }
    return std::move(removed_);
  }

 private:
  Status as(const char* role) { return c_.execute(std::string("SET LOCAL ROLE ") + role); }

  Status read_tenants() {
    return in_transaction(c_, [&]() -> Status {
      if (Status role = as("plumbline_writer"); !role) return role;
      auto rows = c_.query(
          "SELECT t.id, t.retention_days, f.floor::text, (f.floor - $1::int)::text FROM plumbline.tenants t "
          "LEFT JOIN plumbline.retention_floors f ON f.tenant_id = t.id WHERE t.status <> 'erased' ORDER BY "
          "t.id",
          {kLateDays});
      if (!rows) return rows.error();
      for (int row = 0; row < rows->size(); ++row) {
        const std::int64_t days = rows->integer(row, 1);
        longest_ = std::max(longest_.value_or(0), days);
        const std::string to = day_of({now_.value - days * kDayUs});
        if (rows->text(row, 2) >= to) continue;  // no day came of age since
        due_.push_back({std::string(rows->text(row, 0)), std::string(rows->text(row, 3)), to});
      }
      return ok_status();
    });
  }

  Status drop_days(const std::string& kept_from) {
    auto names = c_.query(
        "SELECT relname FROM pg_inherits JOIN pg_class k ON k.oid = inhrelid WHERE inhparent = "
        "'plumbline.trace_days'::regclass AND relname ~ '^traces_[0-9]{8}$' AND "
        "to_date(right(relname, 8), 'YYYYMMDD') < $1::date ORDER BY relname",
        {kept_from});
    if (!names) return names.error();
    for (int row = 0; row < names->size() && !stop_.stop_requested(); ++row) {
      const std::string name(names->text(row, 0));  // digits and letters: safe in SQL text
      Status dropped = in_transaction(c_, [&]() -> Status {
        if (Status role = as("plumbline_owner"); !role) return role;
        if (Status wait = c_.execute(kLockWait); !wait) return wait;
        return c_.execute("DROP TABLE IF EXISTS plumbline." + name);
      });
      if (!dropped && dropped.error().code == kLockNotAvailable) {
        removed_.busy = true;
        return ok_status();
      }
      if (!dropped) return dropped;
      removed_.days.push_back(name);
    }
    return ok_status();
  }

  // Traces by the day, as each is a table of its own and pruned by its bounds; the rest is found by tenant.
  Status remove_of(const Due& due, const std::string& traces_from) {
    auto days = c_.query(
        "SELECT day::text, (day + 1)::text FROM pg_inherits JOIN pg_class k ON k.oid = inhrelid, "
        "to_date(right(relname, 8), 'YYYYMMDD') AS day WHERE inhparent = 'plumbline.trace_days'::regclass "
        "AND "
        "relname ~ '^traces_[0-9]{8}$' AND day >= $1::date AND day < $2::date ORDER BY day",
        {traces_from, due.to});
    if (!days) return days.error();
    for (int row = 0; row < days->size(); ++row) {
      auto gone = remove_rows(due, "traces", "time", days->text(row, 0), days->text(row, 1));
      if (!gone) return gone.error();
      removed_.traces += *gone;
    }
    auto reports = remove_rows(due, "reports", "time", "-infinity", due.to);
    if (!reports) return reports.error();
    removed_.reports += *reports;
    auto dead = remove_rows(due, "dead_letters", "noted_at", "-infinity", due.to);
    if (!dead) return dead.error();
    removed_.dead_letters += *dead;
    return stop_.stop_requested() ? ok_status() : raise_floor(due);
  }

  // From one day to another in the order of an index, each batch from where the one before ended: rows of
  // other tenants between are passed once. The owner sees the rows of the tenant that it is bound to, and no
  // others.
  Result<std::int64_t> remove_rows(const Due& due, const std::string& table, const std::string& column,
                                   std::string_view from_day, std::string_view to_day) {
    const std::string range = " FROM plumbline." + table + " WHERE tenant_id = $1::uuid AND " + column +
                              " >= $2::timestamptz AND " + column + " < $3::timestamptz";
    const std::string last_of_batch =
        "SELECT " + column + "::text" + range + " ORDER BY " + column + " OFFSET " + kBatchRows + " LIMIT 1";
    std::string from = in_utc(from_day);
    const std::string to = in_utc(to_day);
    std::int64_t total = 0;
    for (bool more = true; more && !stop_.stop_requested();) {
      auto batch = in_transaction(c_, [&]() -> Result<std::int64_t> {
        if (Status role = as("plumbline_owner"); !role) return role.error();
        auto bound = c_.query("SELECT set_config('plumbline.tenant', $1, true)", {due.tenant});
        if (!bound) return bound.error();
        auto last = c_.query(last_of_batch, {due.tenant, from, to});
        if (!last) return last.error();
        more = last->size() > 0;
        const std::string upto = more ? std::string(last->text(0, 0)) : "infinity";
        auto gone = c_.query("DELETE" + range + " AND " + column + " <= $4::timestamptz",
                             {due.tenant, from, to, upto});
        if (!gone) return gone.error();
        from = upto;
        return gone->affected();
      });
      if (!batch) return batch.error();
      total += *batch;
    }
    return total;
  }

  Status raise_floor(const Due& due) {
    return in_transaction(c_, [&]() -> Status {
      if (Status role = as("plumbline_writer"); !role) return role;
      auto raised = c_.query(
          "INSERT INTO plumbline.retention_floors AS f (tenant_id, floor) VALUES ($1::uuid, $2::date) ON "
          "CONFLICT (tenant_id) DO UPDATE SET floor = greatest(f.floor, excluded.floor), removed_at = now()",
          {due.tenant, due.to});
      return raised ? ok_status() : Status(raised.error());
    });
  }

  pg::Connection& c_;
  const TimeUs now_;
  const std::stop_token& stop_;
  std::optional<std::int64_t> longest_;
  std::vector<Due> due_;
  Removed removed_;
};

}  // namespace

Result<Removed> remove_expired(pg::Connection& connection, TimeUs now, const std::stop_token& stop) {
  auto alone =
      connection.query("SELECT pg_try_advisory_lock(hashtextextended('plumbline.retention', 0))::text");
  if (!alone) return alone.error();
  if (alone->text(0, 0) != "true") {
    Removed none;
    none.busy = true;
    return none;
  }
  auto removed = Sweep(connection, now, stop).run();
  // A connection that broke has let go of the lock.
  if (!connection.broken()) {
    (void)connection.query("SELECT pg_advisory_unlock(hashtextextended('plumbline.retention', 0))");
  }
  return removed;
}

}  // namespace plumbline::postgres
