// Rows that several endpoints show, as SQL: each text is a SELECT without WHERE whose columns are the members
// of a schema of schemas/openapi.yaml, in a subquery's place.
#pragma once

#define PLUMBLINE_CONSOLE_DRIFT                                                                             \
  "SELECT d.drift_id AS id, d.incident_id, d.repo, d.branch, d.state, d.severity, d.opened_at, "            \
  "d.opened_report, d.opened_commit, d.opened_version, d.passing_since, d.previous_at, d.previous_report, " \
  "d.previous_commit, d.previous_version, d.updated_at, d.resolved_at, d.resolved_report, "                 \
  "d.resolved_commit, "                                                                                     \
  "d.resolved_version, concat_ws(' in ', nullif(d.violations->0->>'title', ''), "                           \
  "d.violations->0->'files'->>0) AS cause, d.violations_total FROM plumbline.drifts d "

#define PLUMBLINE_CONSOLE_DELIVERY                                                                         \
  "SELECT v.delivery_id AS id, v.created_at, v.route_id, r.name AS route, v.kind AS route_kind, "          \
  "coalesce(e.type, v.content) AS what, coalesce(e.body::json->>'repo', e.body::json->>'agent') AS "       \
  "subject, "                                                                                              \
  "(e.body::json->>'drift_id')::uuid AS drift_id, v.state, v.reason, v.resend, v.attempts, v.due_at, "     \
  "v.finished_at FROM plumbline.notify_deliveries v LEFT JOIN plumbline.notify_routes r ON r.tenant_id = " \
  "v.tenant_id AND r.route_id = v.route_id LEFT JOIN plumbline.notify_events e ON e.tenant_id = "          \
  "v.tenant_id "                                                                                           \
  "AND e.event_id = v.event_id "

#define PLUMBLINE_CONSOLE_REPO                                                                              \
  "SELECT l.repo, l.branch, l.score, h.health, l.status, l.time AS last_report_at, l.report_id, l.commit, " \
  "l.version, l.failures AS violations_total, (SELECT count(*) FROM plumbline.drifts d WHERE d.repo = "     \
  "l.repo "                                                                                                 \
  "AND d.branch = l.branch AND d.state = 'open') AS open_drifts, h.pass_percent AS pass_rate_30d FROM "     \
  "plumbline.health_repo_latest l LEFT JOIN plumbline.repo_health h USING (repo) "

#define PLUMBLINE_CONSOLE_REPORT                                                                           \
  "SELECT r.time, r.id AS report_id, r.agent, r.commit, r.version, r.status, r.score, r.ai_health_score, " \
  "r.structural_score, r.duration_ms, r.violations AS violations_total FROM plumbline.reports r "

// A moment as text that orders and parses as it, for keys.
#define PLUMBLINE_CONSOLE_MOMENT(column) \
  "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
#define PLUMBLINE_CONSOLE_KEY "E'\\x1f'"
