#include "sinks/postgres/retention.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

// Rows a deleting transaction takes: short enough locks, few enough round trips. A report takes its
// violations along, two dozen and more.
constexpr const char* kBatchRows = "20000";
constexpr const char* kBatchReports = "1000";
// Dropping a day waits for everybody who reads or writes traces, and everybody after it waits for the drop.
constexpr const char* kLockWait = "SET LOCAL lock_timeout = '500ms'";
constexpr std::string_view kLockNotAvailable = "55P03";

// A floor is lowered where nothing was removed yet (a retention made longer before an import), and where a
// clock ran ahead: nobody's retention is shorter than a day, so one of today or later can't be meant.
constexpr const char* kRaise =
    "INSERT INTO plumbline.retention_floors AS f (tenant_id, floor) SELECT id, "
    "(least($1::timestamptz, now()) AT TIME ZONE 'UTC' - make_interval(days => retention_days))::date FROM "
    "plumbline.tenants WHERE status <> 'erased' ON CONFLICT (tenant_id) DO UPDATE SET floor = "
    "excluded.floor, "
    "raised_at = now(), removed_to = CASE WHEN f.removed_to IS NOT NULL THEN least(f.removed_to, "
    "excluded.floor) END WHERE excluded.floor > f.floor OR (excluded.floor < f.floor AND NOT f.removed) OR "
    "f.floor >= (now() AT TIME ZONE 'UTC')::date";
constexpr const char* kFloors =
    "SELECT f.tenant_id, f.removed_to::text, f.floor::text, (f.raised_at <= now() - make_interval(secs => "
    "$1::int))::text FROM plumbline.retention_floors f JOIN plumbline.tenants t ON t.id = f.tenant_id WHERE "
    "t.status <> 'erased' AND f.floor < (now() AT TIME ZONE 'UTC')::date ORDER BY f.tenant_id";
// The days that have a table, oldest first, from $1 (or the oldest) to before $2.
constexpr const char* kDays =
    "SELECT day::text, (day + 1)::text, relname FROM pg_inherits JOIN pg_class k ON k.oid = inhrelid, "
    "to_date(right(relname, 8), 'YYYYMMDD') AS day WHERE inhparent = 'plumbline.trace_days'::regclass AND "
    "relname ~ '^traces_[0-9]{8}$' AND day >= coalesce($1::date, '-infinity') AND day < $2::date ORDER BY "
    "day";

// Of nobody: no tenant, or one that isn't there. The policy says the same once more, for the right to delete.
constexpr const char* kForgetNobodys =
    "DELETE FROM plumbline.dead_letters WHERE (consumer, topic, partition, log_offset, log_index) IN (SELECT "
    "d.consumer, d.topic, d.partition, d.log_offset, d.log_index FROM plumbline.dead_letters d WHERE "
    "d.noted_at < $1::timestamptz AND (d.tenant_id IS NULL OR NOT EXISTS (SELECT FROM plumbline.tenants t "
    "WHERE t.id = d.tenant_id)) LIMIT $2::int)";

std::string in_utc(std::string_view day) {
  return day == "-infinity" ? std::string(day) : std::string(day) + "T00:00:00Z";
}

struct Due {
  std::string tenant;
  std::optional<std::string> from;  // first day whose rows may be there; none: any
  std::string to;                   // the floor
};

struct Range {
  std::string table, column, from, to;
  const char* batch;
};

class Sweep {
 public:
  Sweep(pg::Connection& connection, const std::stop_token& stop) : c_(connection), stop_(stop) {}

  Result<Removed> run(TimeUs now, std::chrono::seconds settled) {
    if (Status read = raise_and_read(now, settled); !read) return read.error();
    if (lowest_) {
      const Status dropped = drop_days();
      if (!dropped) lowest_.reset();  // then row by row
      note(dropped);
    }
    for (const Due& due : due_) {
      if (stop_.stop_requested() || c_.broken()) break;
      note(remove_of(due));
    }
    if (longest_kept_) note(remove_nobodys());
    return std::move(removed_);
  }

 private:
  Status as(const char* role) { return c_.execute(std::string("SET LOCAL ROLE ") + role); }

  void note(const Status& done) {
    if (!done && !removed_.failed) removed_.failed = done.error();
  }

  Status raise_and_read(TimeUs now, std::chrono::seconds settled) {
    return in_transaction(c_, [&]() -> Status {
      if (Status role = as("plumbline_writer"); !role) return role;
      if (auto raised = c_.query(kRaise, {format_rfc3339(now)}); !raised) return raised.error();
      auto rows = c_.query(kFloors, {std::to_string(settled.count())});
      if (!rows) return rows.error();
      bool all_settled = true;
      for (int row = 0; row < rows->size(); ++row) {
        Due due{std::string(rows->text(row, 0)), std::nullopt, std::string(rows->text(row, 2))};
        if (!rows->is_null(row, 1)) due.from = rows->text(row, 1);
        if (!lowest_ || due.to < *lowest_) longest_kept_ = lowest_ = due.to;
        if (due.from == due.to) continue;
        if (rows->text(row, 3) == "true") {
          due_.push_back(std::move(due));
        } else {
          all_settled = false;
        }
      }
      removed_.more = !all_settled;
      if (!all_settled) lowest_.reset();
      return ok_status();
    });
  }

  Status drop_days() {
    auto days = c_.query(kDays, {std::nullopt, *lowest_});
    if (!days) return days.error();
    for (int row = 0; row < days->size() && !stop_.stop_requested(); ++row) {
      const std::string name(days->text(row, 2));  // letters and digits: safe in SQL text
      if (Status noted = note_dropped(std::string(days->text(row, 0)), std::string(days->text(row, 1)));
          !noted)
        return noted;
      const Status dropped = in_transaction(c_, [&]() -> Status {
        if (Status role = as("plumbline_owner"); !role) return role;
        if (Status wait = c_.execute(kLockWait); !wait) return wait;
        return c_.execute("DROP TABLE IF EXISTS plumbline." + name);
      });
      if (!dropped && dropped.error().code == kLockNotAvailable) {
        removed_.more = waiting_ = true;
        return ok_status();
      }
      if (!dropped) return dropped;
      removed_.days.push_back(name);
    }
    return ok_status();
  }

  // Before it goes: whose floors can't be lowered any more.
  Status note_dropped(const std::string& from, const std::string& to) {
    return in_transaction(c_, [&]() -> Status {
      if (Status role = as("plumbline_writer"); !role) return role;
      auto noted = c_.query(
          "UPDATE plumbline.retention_floors SET removed = true WHERE NOT removed AND tenant_id IN (SELECT "
          "DISTINCT tenant_id FROM plumbline.traces WHERE time >= $1::timestamptz AND time < "
          "$2::timestamptz)",
          {in_utc(from), in_utc(to)});
      return noted ? ok_status() : Status(noted.error());
    });
  }

  // Traces by the day, as each is a table of its own and pruned by its bounds; the rest is found by tenant.
  // Days below every floor go whole, now or when nobody is in the way: until then nothing is noted as
  // removed, for a tenant that comes meanwhile may keep them.
  Status remove_of(const Due& due) {
    auto days = c_.query(kDays, {lowest_ ? std::max(due.from, lowest_) : due.from, due.to});
    if (!days) return days.error();
    for (int row = 0; row < days->size(); ++row) {
      const std::string from(days->text(row, 0)), to(days->text(row, 1));
      auto has = has_traces(due.tenant, from, to);
      if (!has) return has.error();
      if (!*has) continue;
      const Range day{"traces", "time", from, to, kBatchRows};
      if (Status gone = remove_rows(due.tenant, day, removed_.traces); !gone) return gone;
    }
    const Range reports{"reports", "time", "-infinity", due.to, kBatchReports};
    if (Status gone = remove_rows(due.tenant, reports, removed_.reports); !gone) return gone;
    const Range letters{"dead_letters", "noted_at", "-infinity", due.to, kBatchRows};
    if (Status gone = remove_rows(due.tenant, letters, removed_.dead_letters); !gone) return gone;
    return stop_.stop_requested() || waiting_ ? ok_status() : note_removed(due);
  }

  // Whose traces a day holds is asked once for all tenants: no key leads to the rows of one, so each question
  // reads the day's whole key.
  Result<bool> has_traces(const std::string& tenant, const std::string& from, const std::string& to) {
    auto known = tenants_of_.find(from);
    if (known == tenants_of_.end()) {
      auto ids = in_transaction(c_, [&]() -> Result<std::set<std::string>> {
        if (Status role = as("plumbline_writer"); !role) return role.error();
        auto rows = c_.query(
            "SELECT DISTINCT tenant_id FROM plumbline.traces WHERE time >= $1::timestamptz AND time < "
            "$2::timestamptz",
            {in_utc(from), in_utc(to)});
        if (!rows) return rows.error();
        std::set<std::string> found;
        for (int row = 0; row < rows->size(); ++row) found.emplace(rows->text(row, 0));
        return found;
      });
      if (!ids) return ids.error();
      known = tenants_of_.emplace(from, std::move(*ids)).first;
    }
    return known->second.contains(tenant);
  }

  // In the order of an index, each batch from where the one before ended: rows of other tenants between are
  // passed once. The owner sees the rows of the tenant that it is bound to, and no others.
  Status remove_rows(const std::string& tenant, const Range& range, std::int64_t& total) {
    const std::string column = "r." + range.column;  // qualified: ORDER BY would take the output's, a text
    const std::string rows = " FROM plumbline." + range.table + " r WHERE r.tenant_id = $1::uuid AND " +
                             column + " >= $2::timestamptz AND " + column + " < $3::timestamptz";
    const std::string last_of_batch =
        "SELECT " + column + "::text" + rows + " ORDER BY " + column + " OFFSET " + range.batch + " LIMIT 1";
    std::string from = in_utc(range.from);
    const std::string to = in_utc(range.to);
    for (bool more = true; more && !stop_.stop_requested();) {
      auto batch = in_transaction(c_, [&]() -> Result<std::int64_t> {
        if (Status role = as("plumbline_owner"); !role) return role.error();
        auto bound = c_.query("SELECT set_config('plumbline.tenant', $1, true)", {tenant});
        if (!bound) return bound.error();
        auto last = c_.query(last_of_batch, {tenant, from, to});
        if (!last) return last.error();
        more = last->size() > 0;
        const std::string upto = more ? std::string(last->text(0, 0)) : "infinity";
        auto gone =
            c_.query("DELETE" + rows + " AND " + column + " <= $4::timestamptz", {tenant, from, to, upto});
        if (!gone) return gone.error();
        if (gone->affected() > 0) {
          auto noted = c_.query(
              "UPDATE plumbline.retention_floors SET removed = true WHERE tenant_id = $1::uuid AND NOT "
              "removed",
              {tenant});
          if (!noted) return noted.error();
        }
        from = upto;
        return gone->affected();
      });
      if (!batch) return batch.error();
      total += *batch;
    }
    return ok_status();
  }

  Status remove_nobodys() {
    for (std::int64_t gone = 1; gone > 0 && !stop_.stop_requested() && !c_.broken();) {
      auto done = in_transaction(c_, [&]() -> Result<std::int64_t> {
        if (Status role = as("plumbline_writer"); !role) return role.error();
        auto rows = c_.query(kForgetNobodys, {in_utc(*longest_kept_), kBatchRows});
        if (!rows) return rows.error();
        return rows->affected();
      });
      if (!done) return done.error();
      removed_.dead_letters += gone = *done;
    }
    return ok_status();
  }

  Status note_removed(const Due& due) {
    return in_transaction(c_, [&]() -> Status {
      if (Status role = as("plumbline_writer"); !role) return role;
      auto noted = c_.query(
          "UPDATE plumbline.retention_floors SET removed_to = $2::date WHERE tenant_id = $1::uuid AND floor "
          ">= "
          "$2::date",
          {due.tenant, due.to});
      return noted ? ok_status() : Status(noted.error());
    });
  }

  pg::Connection& c_;
  const std::stop_token& stop_;
  std::optional<std::string> lowest_;        // of all floors, once all are settled
  std::optional<std::string> longest_kept_;  // the lowest of them at any rate
  bool waiting_ = false;                     // somebody reads a day that is to go whole
  std::vector<Due> due_;
  std::map<std::string, std::set<std::string>> tenants_of_;  // a day's, by its first moment
  Removed removed_;
};

}  // namespace

Result<Removed> remove_expired(pg::Connection& connection, TimeUs now, const std::stop_token& stop,
                               std::chrono::seconds settled) {
  auto alone =
      connection.query("SELECT pg_try_advisory_lock(hashtextextended('plumbline.retention', 0))::text");
  if (!alone) return alone.error();
  if (alone->text(0, 0) != "true") {
    Removed none;
    none.more = true;
    return none;
  }
  auto removed = Sweep(connection, stop).run(now, settled);
  // A connection that broke has let go of the lock.
  if (!connection.broken()) {
    (void)connection.query("SELECT pg_advisory_unlock(hashtextextended('plumbline.retention', 0))");
  }
  return removed;
}

Result<Floors> load_floors(pg::Connection& connection) {
  auto rows = connection.query(
      "SELECT tenant_id, (extract(epoch FROM floor::timestamp) * 1000000)::bigint FROM "
      "plumbline.retention_floors WHERE floor < (now() AT TIME ZONE 'UTC')::date");
  if (!rows) return rows.error();
  Floors floors;
  for (int row = 0; row < rows->size(); ++row) {
    if (const auto id = Uuid::parse(rows->text(row, 0))) floors[{*id}] = {rows->integer(row, 1)};
  }
  return floors;
}

}  // namespace plumbline::postgres
