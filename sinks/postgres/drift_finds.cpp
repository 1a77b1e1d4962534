// What drift finds: rows of drifts and drift_events.
#include "sinks/postgres/drift_store.h"
#include "sinks/postgres/drift_text.h"
#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

constexpr const char* kSaveDrift =
    "INSERT INTO plumbline.drifts (tenant_id, drift_id, incident_id, stream_id, repo, branch, state, "
    "severity, "
    "opened_at, opened_report, opened_commit, opened_version, passing_since, previous_at, previous_report, "
    "previous_commit, previous_version, updated_at, resolved_at, resolved_report, resolved_commit, "
    "resolved_version, violations, violations_total) VALUES ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6, "
    "$7, "
    "$8, $9::timestamptz, $10::uuid, $11, $12, $13::timestamptz, $14::timestamptz, $15::uuid, $16, $17, "
    "$18::timestamptz, $19::timestamptz, $20::uuid, $21, $22, $23::jsonb, $24::int4) "
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
    "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int2[], $4::text[], $5::text[], $6::timestamptz[], "
    "$7::timestamptz[], $8::bool[], $9::bool[], $10::bool[], $11::uuid[], $12::text[], $13::text[], "
    "$14::text[], $15::uuid[], $16::timestamptz[], $17::uuid[], $18::text[]) "
    "ON CONFLICT (tenant_id, event_id) DO UPDATE SET withdrawn_at = NULL, body = excluded.body, notify = "
    "excluded.notify, late = excluded.late, recorded_at = excluded.recorded_at, published_at = NULL "
    "WHERE e.withdrawn_at IS NOT NULL";

constexpr const char* kWithdraw =
    "UPDATE plumbline.drift_events SET withdrawn_at = $3::timestamptz WHERE tenant_id = $1::uuid AND "
    "event_id = "
    "ANY ($2::uuid[])";

pg::Param text_of(const std::string& text) {
  return text.empty() ? std::nullopt : pg::Param(text);
}

Status save_drift(pg::Connection& c, const DriftRow& row) {
  const std::string tenant = row.stream.tenant.value.to_string(), stream = row.stream.stream.to_string(),
                    drift = row.drift.to_string(), incident = row.incident.to_string(),
                    opened = format_rfc3339(row.opened.time), opened_id = row.opened.id.to_string(),
                    since = format_rfc3339(row.passing_since), previous = format_rfc3339(row.previous.time),
                    previous_id = row.previous.id.to_string(), updated = format_rfc3339(row.updated_at),
                    total = std::to_string(row.violations_total);
  std::string resolved, resolved_id;
  if (row.resolved) {
    resolved = format_rfc3339(row.resolved->time);
    resolved_id = row.resolved->id.to_string();
  }
  auto done = c.query(kSaveDrift, {tenant,
                                   drift,
                                   incident,
                                   stream,
                                   row.repo,
                                   row.branch,
                                   row.resolved ? "resolved" : "open",
                                   row.severity,
                                   opened,
                                   opened_id,
                                   text_of(row.opened_commit),
                                   text_of(row.opened_version),
                                   since,
                                   previous,
                                   previous_id,
                                   text_of(row.previous_commit),
                                   text_of(row.previous_version),
                                   updated,
                                   text_of(resolved),
                                   text_of(resolved_id),
                                   text_of(row.resolved_commit),
                                   text_of(row.resolved_version),
                                   row.violations,
                                   total});
  if (!done) return done.error();
  return ok_status();
}

}  // namespace

Status save_drifts(pg::Connection& c, std::span<const DriftRow> rows) {
  for (const DriftRow& row : rows) {
    if (Status saved = save_drift(c, row); !saved) return saved;
  }
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

Result<std::int64_t> add_drift_events(pg::Connection& c, std::span<const DriftEventRow> rows) {
  if (rows.empty()) return 0;
  const auto text = [](TextArray& to, const std::string& value) {
    if (value.empty()) return to.add_null();
    to.add(value);
  };
  TextArray tenant, id, lane, key, type, time, recorded, notify, late, correction, stream, repo, branch,
      agent, drift, report_time, report_id, body;
  for (const DriftEventRow& row : rows) {
    tenant.add(row.tenant.value.to_string());
    id.add(row.id.to_string());
    lane.add(row.lane);
    key.add(row.key);
    type.add(row.type);
    time.add(format_rfc3339(row.time));
    recorded.add(format_rfc3339(row.recorded_at));
    notify.add(row.notify ? "t" : "f");
    late.add(row.late ? "t" : "f");
    correction.add(row.correction ? "t" : "f");
    add_id(stream, row.stream);
    text(repo, row.repo);
    text(branch, row.branch);
    text(agent, row.agent);
    add_id(drift, row.drift);
    add_key(report_time, report_id, row.report);
    body.add(row.body);
  }
  auto done = c.query(kAddEvents, {tenant.text(), id.text(), lane.text(), key.text(), type.text(),
                                   time.text(), recorded.text(), notify.text(), late.text(),
                                   correction.text(), stream.text(), repo.text(), branch.text(), agent.text(),
                                   drift.text(), report_time.text(), report_id.text(), body.text()});
  if (!done) return done.error();
  return done->affected();
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
