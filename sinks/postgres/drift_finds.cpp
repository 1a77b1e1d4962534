// What drift finds: rows of drifts and drift_events.
#include <algorithm>

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
    "resolved_version, violations, violations_total) SELECT * FROM unnest($1::uuid[], $2::uuid[], "
    "$3::uuid[], "
    "$4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::uuid[], "
    "$11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::uuid[], $16::text[], "
    "$17::text[], $18::timestamptz[], $19::timestamptz[], $20::uuid[], $21::text[], $22::text[], "
    "$23::jsonb[], $24::int4[]) "
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

// Bounds the parameters of one statement: each row may bring many violations.
constexpr std::size_t kDriftsMax = 1000;

void add_text(TextArray& to, const std::string& text) {
  if (text.empty()) {
    to.add_null();
  } else {
    to.add(text);
  }
}

Status save_some(pg::Connection& c, std::span<const DriftRow> rows) {
  TextArray tenant, drift, incident, stream, repo, branch, state, severity, opened, opened_id, opened_commit,
      opened_version, since, previous, previous_id, previous_commit, previous_version, updated, resolved,
      resolved_id, resolved_commit, resolved_version, violations, total;
  for (const DriftRow& row : rows) {
    tenant.add(row.stream.tenant.value.to_string());
    drift.add(row.drift.to_string());
    incident.add(row.incident.to_string());
    stream.add(row.stream.stream.to_string());
    repo.add(row.repo);
    branch.add(row.branch);
    state.add(row.resolved ? "resolved" : "open");
    severity.add(row.severity);
    add_key(opened, opened_id, row.opened);
    add_text(opened_commit, row.opened_commit);
    add_text(opened_version, row.opened_version);
    since.add(format_rfc3339(row.passing_since));
    add_key(previous, previous_id, row.previous);
    add_text(previous_commit, row.previous_commit);
    add_text(previous_version, row.previous_version);
    updated.add(format_rfc3339(row.updated_at));
    add_key(resolved, resolved_id, row.resolved);
    add_text(resolved_commit, row.resolved_commit);
    add_text(resolved_version, row.resolved_version);
    violations.add(row.violations);
    total.add(row.violations_total);
  }
  auto done = c.query(kSaveDrift, {tenant.text(),
                                   drift.text(),
                                   incident.text(),
                                   stream.text(),
                                   repo.text(),
                                   branch.text(),
                                   state.text(),
                                   severity.text(),
                                   opened.text(),
                                   opened_id.text(),
                                   opened_commit.text(),
                                   opened_version.text(),
                                   since.text(),
                                   previous.text(),
                                   previous_id.text(),
                                   previous_commit.text(),
                                   previous_version.text(),
                                   updated.text(),
                                   resolved.text(),
                                   resolved_id.text(),
                                   resolved_commit.text(),
                                   resolved_version.text(),
                                   violations.text(),
                                   total.text()});
  if (!done) return done.error();
  return ok_status();
}

}  // namespace

Status save_drifts(pg::Connection& c, std::span<const DriftRow> rows) {
  while (!rows.empty()) {
    const std::size_t count = std::min(rows.size(), kDriftsMax);
    if (Status saved = save_some(c, rows.first(count)); !saved) return saved;
    rows = rows.subspan(count);
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
