#include "sinks/postgres/health_replay.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "sinks/postgres/health_rebuild.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::chrono::milliseconds kTurn{200};

// The first whole hour that is asked for, that retention keeps and whose traces were not removed. The tenant
// is bound.
constexpr std::string_view kFrom =
    "SELECT to_char(greatest(date_trunc('hour', $1::timestamptz, 'UTC'), date_trunc('hour', now() - $2::int "
    "* "
    "interval '1 day', 'UTC') + interval '1 hour', (SELECT floor::timestamp AT TIME ZONE 'UTC' FROM "
    "plumbline.retention_floors)) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";

// How far health has come, and what persist has not stored of it yet.
constexpr const char* kCounted =
    "CREATE TEMP TABLE counted ON COMMIT DROP AS SELECT t.id AS topic, h.partition, h.next_offset, "
    "h.received_at, "
    "coalesce(p.next_offset >= h.next_offset AND p.incarnation = h.incarnation, h.next_offset = 0) AS stored "
    "FROM plumbline.positions h JOIN plumbline.log_topics t ON t.name = h.topic LEFT JOIN "
    "plumbline.positions p "
    "ON p.consumer = 'persist' AND p.topic = h.topic AND p.partition = h.partition WHERE h.consumer = "
    "'health'";

Status run(pg::Connection& c, const std::string& sql, std::initializer_list<pg::Param> params = {}) {
  auto done = c.query(sql, params);
  if (!done) return done.error();
  return ok_status();
}

std::string live(const RebuiltTable& t) {
  return "plumbline." + std::string(t.name);
}
std::string temp(const char* what, const RebuiltTable& t) {
  return std::string("pg_temp.") + what + "_" + std::string(t.name);
}

// The temporary tables of one transaction, dropped with it.
Status make_tables(pg::Connection& c) {
  for (const RebuiltTable& t : rebuilt_tables()) {
    for (const char* what : {"new", "surplus", "missing"}) {
      const Status made = c.execute("CREATE TEMP TABLE " + std::string(what) + "_" + std::string(t.name) +
                                    " (LIKE " + live(t) + " INCLUDING GENERATED) ON COMMIT DROP");
      if (!made) return made;
    }
  }
  return ok_status();
}

Status bind_owner(pg::Connection& c, const Tenant& tenant) {
  return run(c, "SELECT set_config('plumbline.tenant', $1, true)", {tenant.id.value.to_string()});
}

// False: persist is behind.
Result<bool> note_positions(pg::Connection& c) {
  if (Status made = run(c, kCounted); !made) return made.error();
  auto rows = c.query("SELECT coalesce(bool_and(stored), true) FROM pg_temp.counted");
  if (!rows) return rows.error();
  return rows->text(0, 0) == "t";
}

Result<std::string> first_hour(pg::Connection& c, const Tenant& tenant, const std::string& from) {
  auto rows = c.query(kFrom, {from, std::to_string(tenant.retention_days)});
  if (rows) return std::string(rows->text(0, 0));
  const std::string& code = rows.error().code;
  if (code != "22007" && code != "22008" && code != "22009") return rows.error();
  return poison("bad_time", "--from " + from + " is no time; say it like 2026-03-01 or 2026-03-01T12:00:00Z");
}

// Fills new_, surplus_ (live rows that are not so) and missing_ (rebuilt rows that are not there). Rows
// rebuilt.
Result<std::int64_t> rebuild(pg::Connection& c, const Tenant& tenant, const std::string& from) {
  const std::string id = tenant.id.value.to_string();
  std::int64_t total = 0;
  for (const RebuiltTable& t : rebuilt_tables()) {
    const std::string truncated =
        "TRUNCATE " + temp("new", t) + ", " + temp("surplus", t) + ", " + temp("missing", t);
    if (Status empty = c.execute(truncated); !empty) return empty.error();
    auto made = c.query(rebuild_statement(t), {id, from});
    if (!made) return made.error();
    const std::string columns(t.columns), scope(t.scope);
    const std::string was =
        "SELECT " + columns + " FROM " + live(t) + " WHERE tenant_id = $1::uuid AND " + scope;
    const std::string is =
        "SELECT " + columns + " FROM " + temp("new", t) + " WHERE tenant_id = $1::uuid AND " + scope;
    const auto differ = [&](const char* into, const std::string& a, const std::string& b) {
      return run(c, "INSERT INTO " + temp(into, t) + " (" + columns + ") " + a + " EXCEPT " + b, {id, from});
    };
    if (Status done = differ("surplus", was, is); !done) return done.error();
    // A row that lies outside of the scope where it lives is missing inside: it is replaced as a whole.
    if (Status done = differ("missing", is, was); !done) return done.error();
    const std::string keys(t.keys);
    if (Status done = run(c,
                          "INSERT INTO " + temp("missing", t) + " (" + columns + ") SELECT " + columns +
                              " FROM " + temp("new", t) + " WHERE tenant_id = $1::uuid AND NOT (" + scope +
                              ") AND (" + keys + ") IN (SELECT " + keys + " FROM " + temp("surplus", t) + ")",
                          {id, from});
        !done) {
      return done.error();
    }
    total += made->affected();
  }
  return total;
}

Status describe(pg::Connection& c, const Tenant& tenant, std::size_t shown_max, HealthComparison& into) {
  for (const RebuiltTable& t : rebuilt_tables()) {
    const std::string keys(t.keys);
    const std::string pairs = " FROM (SELECT " + keys +
                              ", to_jsonb(x) - '{tenant_id,name_key}'::text[] AS j FROM " +
                              temp("surplus", t) + " x) w FULL JOIN (SELECT " + keys +
                              ", to_jsonb(x) - '{tenant_id,name_key}'::text[] AS j FROM " +
                              temp("missing", t) + " x) i USING (" + keys + ")";
    auto count = c.query("SELECT count(*)" + pairs);
    if (!count) return count.error();
    into.differing += count->integer(0, 0);
    if (into.shown.size() >= shown_max || count->integer(0, 0) == 0) continue;
    const std::string rest = std::to_string(shown_max - into.shown.size());
    auto rows = c.query(
        "SELECT (SELECT string_agg(format('%s=%s', k, coalesce(w.j, i.j) ->> k), ' ') FROM "
        "unnest(string_to_array($2, ', ')) AS k), CASE WHEN w.j IS NULL THEN 'missing ' || i.j::text WHEN "
        "i.j IS "
        "NULL THEN 'surplus ' || w.j::text ELSE (SELECT string_agg(format('%s %s -> %s', k, coalesce(w.j ->> "
        "k, "
        "'null'), coalesce(i.j ->> k, 'null')), ', ' ORDER BY k) FROM jsonb_object_keys(w.j) AS k WHERE w.j "
        "-> k "
        "IS DISTINCT FROM i.j -> k) END" +
            pairs + " ORDER BY 1 LIMIT $1::int",
        {rest, t.keys});
    if (!rows) return rows.error();
    for (int i = 0; i < rows->size(); ++i) {
      into.shown.push_back(
          {tenant.slug, std::string(t.name), std::string(rows->text(i, 0)), std::string(rows->text(i, 1))});
    }
  }
  return ok_status();
}

// Runs `work` in a transaction as the owner until persist has stored what health has counted. `work` gives
// nothing when it has not.
template <class T, class Work>
Result<T> once_stored(pg::Connection& c, std::string_view isolation, std::chrono::milliseconds patience,
                      Work work) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto done = in_transaction(c, [&]() -> Result<std::optional<T>> {
      if (Status set = c.execute("SET TRANSACTION ISOLATION LEVEL " + std::string(isolation)); !set)
        return set.error();
      if (Status role = c.execute("SET LOCAL ROLE plumbline_owner; SET LOCAL timezone = 'UTC'"); !role)
        return role.error();
      return work();
    });
    if (!done) return done.error();
    if (*done) return std::move(**done);
    if (std::chrono::steady_clock::now() >= deadline) {
      return retryable(
          "persist_behind",
          "persist has not stored yet what health has counted; see that it runs (`plumbline ledger`) "
          "and run this again");
    }
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable().wait_for(lock, kTurn, [] { return false; });
  }
}

Status replace_rows(pg::Connection& c, const Tenant& tenant, std::int64_t& replaced) {
  for (const RebuiltTable& t : rebuilt_tables()) {
    const std::string keys(t.keys), columns(t.columns);
    auto gone = c.query("DELETE FROM " + live(t) + " WHERE tenant_id = $1::uuid AND (" + keys +
                            ") IN (SELECT " + keys + " FROM " + temp("surplus", t) + " UNION SELECT " + keys +
                            " FROM " + temp("missing", t) + ")",
                        {tenant.id.value.to_string()});
    if (!gone) return gone.error();
    auto made = c.query("INSERT INTO " + live(t) + " (" + columns + ") SELECT " + columns + " FROM " +
                        temp("missing", t));
    if (!made) return made.error();
    replaced += std::max(gone->affected(), made->affected());
  }
  return ok_status();
}

Status lock_tables(pg::Connection& c) {
  std::string names;
  for (const RebuiltTable& t : rebuilt_tables()) names += (names.empty() ? "" : ", ") + live(t);
  return c.execute("LOCK TABLE " + names + " IN EXCLUSIVE MODE");
}

}  // namespace

Result<HealthComparison> compare_health(pg::Connection& c, const Tenant& tenant,
                                        const ReplayOptions& options) {
  return once_stored<HealthComparison>(
      c, "REPEATABLE READ", options.patience, [&]() -> Result<std::optional<HealthComparison>> {
        auto stored = note_positions(c);
        if (!stored) return stored.error();
        if (!*stored) return std::optional<HealthComparison>{};
        HealthComparison found;
        if (Status bound = bind_owner(c, tenant); !bound) return bound.error();
        auto from = first_hour(c, tenant, options.from);
        if (!from) return from.error();
        found.from = *from;
        if (Status made = make_tables(c); !made) return made.error();
        auto rows = rebuild(c, tenant, found.from);
        if (!rows) return rows.error();
        found.rows = *rows;
        if (Status told = describe(c, tenant, options.shown_max, found); !told) return told.error();
        return std::optional<HealthComparison>(std::move(found));
      });
}

Result<std::int64_t> swap_health(pg::Connection& c, std::span<const Tenant> tenants,
                                 const ReplayOptions& options) {
  return once_stored<std::int64_t>(c, "READ COMMITTED", options.patience,
                                   [&]() -> Result<std::optional<std::int64_t>> {
                                     if (Status locked = lock_tables(c); !locked) return locked.error();
                                     auto stored = note_positions(c);
                                     if (!stored) return stored.error();
                                     if (!*stored) return std::optional<std::int64_t>{};
                                     if (Status made = make_tables(c); !made) return made.error();
                                     std::int64_t replaced = 0;
                                     for (const Tenant& tenant : tenants) {
                                       if (Status bound = bind_owner(c, tenant); !bound) return bound.error();
                                       auto from = first_hour(c, tenant, options.from);
                                       if (!from) return from.error();
                                       auto rows = rebuild(c, tenant, *from);
                                       if (!rows) return rows.error();
                                       if (Status done = replace_rows(c, tenant, replaced); !done)
                                         return done.error();
                                     }
                                     return std::optional<std::int64_t>(replaced);
                                   });
}

}  // namespace plumbline::postgres
