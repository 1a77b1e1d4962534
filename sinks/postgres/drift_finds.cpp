// What drift finds: rows of drifts and drift_events.
#include "sinks/postgres/drift_session.h"
#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kSaveDrift =
    "INSERT INTO plumbline.drifts (tenant_id, drift_id, incident_id, stream_id, repo, branch, state, "
    "severity, "
    "opened_at, opened_report, opened_commit, opened_version, passing_since, previous_at, previous_report, "
    "previous_commit, previous_version, updated_at, resolved_at, resolved_report, resolved_commit, "
    "resolved_version, violations, violations_total) SELECT tenant_id, drift_id, incident_id, stream_id, "
    "repo, branch, "
    "state, severity, opened_at, opened_report, opened_commit, opened_version, passing_since, previous_at, "
    "previous_report, previous_commit, previous_version, updated_at, resolved_at, resolved_report, "
    "resolved_commit, resolved_version, violations::jsonb, violations_total FROM "
    "unnest($1::pg_temp.drift_row[]) "
    "ON CONFLICT (tenant_id, drift_id) DO UPDATE SET incident_id = excluded.incident_id, state = "
    "excluded.state, "
    "severity = excluded.severity, opened_commit = excluded.opened_commit, opened_version = "
    "excluded.opened_version, passing_since = excluded.passing_since, previous_at = excluded.previous_at, "
    "previous_report = excluded.previous_report, previous_commit = excluded.previous_commit, "
    "previous_version = "
    "excluded.previous_version, updated_at = excluded.updated_at, resolved_at = excluded.resolved_at, "
    "resolved_report = excluded.resolved_report, resolved_commit = excluded.resolved_commit, "
    "resolved_version = "
    "excluded.resolved_version, violations = excluded.violations, violations_total = "
    "excluded.violations_total";

constexpr const char* kDropDrifts =
    "DELETE FROM plumbline.drifts WHERE tenant_id = $1::uuid AND stream_id = $2::uuid AND (opened_at, "
    "opened_report) > ($3::timestamptz, $4::uuid) AND drift_id <> ALL ($5::uuid[])";

constexpr const char* kAddEvents =
    "INSERT INTO plumbline.drift_events AS e (tenant_id, event_id, lane, key, type, time, recorded_at, "
    "notify, "
    "late, correction, stream_id, repo, branch, agent, drift_id, report_time, report_id, body) "
    "SELECT * FROM unnest($1::pg_temp.drift_event_row[]) "
    "ON CONFLICT (tenant_id, event_id) DO UPDATE SET withdrawn_at = NULL, body = excluded.body, notify = "
    "excluded.notify, late = excluded.late, recorded_at = excluded.recorded_at, published_at = NULL "
    "WHERE e.withdrawn_at IS NOT NULL";

constexpr const char* kWithdraw =
    "UPDATE plumbline.drift_events SET withdrawn_at = $3::timestamptz WHERE tenant_id = $1::uuid AND "
    "event_id = "
    "ANY ($2::uuid[])";

}  // namespace

Status save_drifts(pg::Connection& c, const DriftSession& session, std::span<const DriftRow> rows) {
  auto done = send_rows(c, kSaveDrift, session.drift, rows, [](const DriftRow& row, RecordRow& out) {
    out.uuid(row.stream.tenant.value);
    out.uuid(row.drift);
    out.uuid(row.incident);
    out.uuid(row.stream.stream);
    out.text(row.repo);
    out.text(row.branch);
    out.text(row.resolved ? "resolved" : "open");
    out.text(row.severity);
    add_key(out, row.opened);
    out.name(row.opened_commit);
    out.name(row.opened_version);
    out.time(row.passing_since);
    add_key(out, row.previous);
    out.name(row.previous_commit);
    out.name(row.previous_version);
    out.time(row.updated_at);
    add_key(out, row.resolved);
    out.name(row.resolved_commit);
    out.name(row.resolved_version);
    out.text(row.violations);
    out.int4(row.violations_total);
  });
  if (!done) return done.error();
  return ok_status();
}

Status drop_drifts(pg::Connection& c, const DriftStreamId& id, const std::optional<DriftReportKey>& after,
                   std::span<const Uuid> keep) {
  TextArray kept;
  for (const Uuid& one : keep) kept.add(one.to_string());
  auto done = c.query(kDropDrifts, {id.tenant.value.to_string(), id.stream.to_string(),
                                    after ? format_rfc3339(after->time) : "-infinity",
                                    (after ? after->id : Uuid{}).to_string(), kept.text()});
  if (!done) return done.error();
  return ok_status();
}

Result<std::int64_t> add_drift_events(pg::Connection& c, const DriftSession& session,
                                      std::span<const DriftEventRow> rows) {
  return send_rows(c, kAddEvents, session.event, rows, [](const DriftEventRow& row, RecordRow& out) {
    out.uuid(row.tenant.value);
    out.uuid(row.id);
    out.int2(row.lane);
    out.text(row.key);
    out.text(row.type);
    out.time(row.time);
    out.time(row.recorded_at);
    out.boolean(row.notify);
    out.boolean(row.late);
    out.boolean(row.correction);
    out.uuid(row.stream);
    out.name(row.repo);
    out.name(row.branch);
    out.name(row.agent);
    out.uuid(row.drift);
    add_key(out, row.report);
    out.text(row.body);
  });
}

Status withdraw_drift_events(pg::Connection& c, TenantId tenant, std::span<const Uuid> ids, TimeUs at) {
  if (ids.empty()) return ok_status();
  TextArray all;
  for (const Uuid& id : ids) all.add(id.to_string());
  auto done = c.query(kWithdraw, {tenant.value.to_string(), all.text(), format_rfc3339(at)});
  if (!done) return done.error();
  return ok_status();
}

}  // namespace plumbline::postgres
