#include "sinks/postgres/drift_watch.h"

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

// "drif" and -1: beside the lanes of the outbox.
constexpr const char* kLock = "SELECT pg_try_advisory_xact_lock(1685219686, -1)";

#define PLUMBLINE_KNOWN                                                                         \
  "(extract(epoch FROM w.first_time) * 1000000)::bigint, (extract(epoch FROM w.last_time) * "   \
  "1000000)::bigint, w.gap_s, w.gaps, (extract(epoch FROM w.silent_since) * 1000000)::bigint, " \
  "w.policy_hash, (extract(epoch FROM w.policy_time) * 1000000)::bigint, w.tenant_id IS NOT NULL, "

constexpr const char* kRepos =
    "SELECT s.tenant_id, s.repo, " PLUMBLINE_KNOWN
    "(extract(epoch FROM s.last_time) * 1000000)::bigint FROM (SELECT tenant_id, repo, max(last_time) AS "
    "last_time "
    "FROM plumbline.drift_streams GROUP BY 1, 2) s LEFT JOIN plumbline.drift_watch w ON w.tenant_id = "
    "s.tenant_id "
    "AND w.kind = 'repo' AND w.name = s.repo WHERE w.tenant_id IS NULL OR s.last_time > w.last_time OR "
    "(w.silent_since IS NULL AND w.last_time < $1::timestamptz)";
constexpr const char* kAgents =
    "SELECT s.tenant_id, s.agent, " PLUMBLINE_KNOWN
    "(extract(epoch FROM s.time) * 1000000)::bigint FROM plumbline.health_agent_latest s LEFT JOIN "
    "plumbline.drift_watch w ON w.tenant_id = s.tenant_id AND w.kind = 'agent' AND w.name = s.agent WHERE "
    "w.tenant_id IS NULL OR s.time > w.last_time OR (w.silent_since IS NULL AND w.last_time < "
    "$1::timestamptz)";
constexpr const char* kPolicies =
    "SELECT p.tenant_id, p.agent, " PLUMBLINE_KNOWN
    "p.policy_hash, (extract(epoch FROM p.first_time) * 1000000)::bigint, (extract(epoch FROM p.last_time) * "
    "1000000)::bigint, (extract(epoch FROM o.last_time) * 1000000)::bigint FROM (SELECT DISTINCT ON "
    "(tenant_id, "
    "agent) tenant_id, agent, policy_hash, first_time, last_time FROM plumbline.health_agent_policies WHERE "
    "policy_hash <> '' ORDER BY tenant_id, agent, last_time DESC, policy_hash) p JOIN plumbline.drift_watch "
    "w ON "
    "w.tenant_id = p.tenant_id AND w.kind = 'agent' AND w.name = p.agent LEFT JOIN "
    "plumbline.health_agent_policies o ON o.tenant_id = p.tenant_id AND o.agent = p.agent AND o.policy_hash "
    "= "
    "w.policy_hash WHERE w.policy_hash IS DISTINCT FROM p.policy_hash OR p.last_time > w.policy_time";
#undef PLUMBLINE_KNOWN

constexpr const char* kSave =
    "INSERT INTO plumbline.drift_watch (tenant_id, kind, name, first_time, last_time, gap_s, gaps, "
    "silent_since, "
    "policy_hash, policy_time) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], "
    "$5::timestamptz[], $6::int8[], $7::int4[], $8::timestamptz[], $9::text[], $10::timestamptz[]) "
    "ON CONFLICT (tenant_id, kind, name) DO UPDATE SET first_time = excluded.first_time, last_time = "
    "excluded.last_time, gap_s = excluded.gap_s, gaps = excluded.gaps, silent_since = excluded.silent_since, "
    "policy_hash = excluded.policy_hash, policy_time = excluded.policy_time";

// Locked first, so that no report slips in between the state that is summed up and the rows that go.
constexpr const char* kLockOld =
    "SELECT 1 FROM plumbline.drift_streams s WHERE EXISTS (SELECT FROM plumbline.drift_reports r WHERE "
    "r.tenant_id "
    "= s.tenant_id AND r.stream_id = s.stream_id AND r.time < $1::timestamptz) ORDER BY s.stream_id FOR "
    "UPDATE";
constexpr const char* kSumUp =
    "UPDATE plumbline.drift_streams s SET base_time = o.time, base_report = o.report_id, base_state = "
    "o.state, "
    "version = s.version + 1 FROM (SELECT DISTINCT ON (tenant_id, stream_id) tenant_id, stream_id, time, "
    "report_id, state FROM plumbline.drift_reports WHERE state IS NOT NULL AND time < $1::timestamptz ORDER "
    "BY "
    "tenant_id, stream_id, time DESC, report_id DESC) o WHERE s.tenant_id = o.tenant_id AND s.stream_id = "
    "o.stream_id";
constexpr const char* kDropOld =
    "DELETE FROM plumbline.drift_reports r USING plumbline.drift_streams s WHERE s.tenant_id = r.tenant_id "
    "AND "
    "s.stream_id = r.stream_id AND r.time < $1::timestamptz AND (r.time, r.report_id) <= (s.base_time, "
    "s.base_report)";
constexpr const char* kDropEvents =
    "DELETE FROM plumbline.drift_events WHERE published_at IS NOT NULL AND recorded_at < $1::timestamptz AND "
    "(report_time IS NULL OR report_time < $1::timestamptz)";
constexpr const char* kDropDrifts =
    "DELETE FROM plumbline.drifts d USING plumbline.tenants t WHERE t.id = d.tenant_id AND d.resolved_at < "
    "$1::timestamptz - make_interval(days => t.retention_days) AND d.resolved_at < $2::timestamptz";

std::optional<TimeUs> time_at(const pg::Rows& rows, int row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return TimeUs{rows.integer(row, column)};
}

// Columns: tenant, name, then PLUMBLINE_KNOWN.
DriftWatchRow known_at(const pg::Rows& rows, int row, bool is_agent) {
  DriftWatchRow known;
  known.tenant = {Uuid::parse(rows.text(row, 0)).value_or(Uuid{})};
  known.is_agent = is_agent;
  known.name = rows.text(row, 1);
  known.first_time = {rows.integer(row, 2)};
  known.last_time = {rows.integer(row, 3)};
  known.gap_s = rows.integer(row, 4);
  known.gaps = static_cast<std::int32_t>(rows.integer(row, 5));
  known.silent_since = time_at(rows, row, 6);
  known.policy_hash = rows.text(row, 7);
  known.policy_time = time_at(rows, row, 8);
  return known;
}
constexpr int kAfterKnown = 10;

}  // namespace

Result<bool> try_lock_drift_watch(pg::Connection& c) {
  auto rows = c.query(kLock);
  if (!rows) return rows.error();
  return rows->text(0, 0) == "t";
}

Result<std::vector<DriftWatched>> drift_watched(pg::Connection& c, bool agents, TimeUs before) {
  auto rows = c.query(agents ? kAgents : kRepos, {format_rfc3339(before)});
  if (!rows) return rows.error();
  std::vector<DriftWatched> found;
  for (int i = 0; i < rows->size(); ++i) {
    found.push_back({known_at(*rows, i, agents), rows->text(i, 9) == "t", {rows->integer(i, kAfterKnown)}});
  }
  return found;
}

Result<std::vector<DriftPolicy>> drift_policies(pg::Connection& c) {
  auto rows = c.query(kPolicies);
  if (!rows) return rows.error();
  std::vector<DriftPolicy> found;
  for (int i = 0; i < rows->size(); ++i) {
    found.push_back({known_at(*rows, i, true),
                     std::string(rows->text(i, kAfterKnown)),
                     {rows->integer(i, kAfterKnown + 1)},
                     {rows->integer(i, kAfterKnown + 2)},
                     time_at(*rows, i, kAfterKnown + 3)});
  }
  return found;
}

Status save_drift_watch(pg::Connection& c, std::span<const DriftWatchRow> rows) {
  if (rows.empty()) return ok_status();
  const auto time = [](TextArray& to, const std::optional<TimeUs>& value) {
    if (!value) return to.add_null();
    to.add(format_rfc3339(*value));
  };
  TextArray tenant, kind, name, first, last, gap, gaps, silent, policy, policy_time;
  for (const DriftWatchRow& row : rows) {
    tenant.add(row.tenant.value.to_string());
    kind.add(row.is_agent ? "agent" : "repo");
    name.add(row.name);
    first.add(format_rfc3339(row.first_time));
    last.add(format_rfc3339(row.last_time));
    gap.add(row.gap_s);
    gaps.add(row.gaps);
    time(silent, row.silent_since);
    if (row.policy_hash.empty()) {
      policy.add_null();
    } else {
      policy.add(row.policy_hash);
    }
    time(policy_time, row.policy_time);
  }
  auto done = c.query(kSave, {tenant.text(), kind.text(), name.text(), first.text(), last.text(), gap.text(),
                              gaps.text(), silent.text(), policy.text(), policy_time.text()});
  if (!done) return done.error();
  return ok_status();
}

Result<std::vector<std::pair<std::int32_t, std::int64_t>>> drift_positions(pg::Connection& c,
                                                                           std::string_view consumer,
                                                                           std::string_view topic) {
  auto rows = c.query(
      "SELECT partition, next_offset FROM plumbline.positions WHERE consumer = $1 AND topic = $2 AND stopped "
      "IS "
      "NULL",
      {consumer, topic});
  if (!rows) return rows.error();
  std::vector<std::pair<std::int32_t, std::int64_t>> found;
  for (int i = 0; i < rows->size(); ++i) {
    found.emplace_back(static_cast<std::int32_t>(rows->integer(i, 0)), rows->integer(i, 1));
  }
  return found;
}

Result<std::int64_t> prune_drift(pg::Connection& c, TimeUs before, TimeUs now) {
  const std::string limit = format_rfc3339(before);
  if (auto locked = c.query(kLockOld, {limit}); !locked) return locked.error();
  if (auto summed = c.query(kSumUp, {limit}); !summed) return summed.error();
  auto dropped = c.query(kDropOld, {limit});
  if (!dropped) return dropped.error();
  if (auto events = c.query(kDropEvents, {limit}); !events) return events.error();
  if (auto drifts = c.query(kDropDrifts, {format_rfc3339(now), limit}); !drifts) return drifts.error();
  return dropped->affected();
}

}  // namespace plumbline::postgres
