// Overview, repositories, reports.
#include "console/api/page.h"
#include "console/api/remember.h"
#include "console/api/rows.h"

namespace plumbline::console {
namespace {

constexpr std::string_view kOverview =
    "SELECT json_build_object("
    "'health', (SELECT json_build_object('score', o.health, 'trend', o.trend, 'as_of', now(), 'pass_rate', "
    "o.pass_percent, 'coverage', o.coverage_percent, 'parts', json_build_array("
    "json_build_object('name', 'score', 'value', o.score_points, 'weight', 40, 'trend', o.score_trend, "
    "'detail', "
    "format('average score %s of 100 over %s measured repositories', o.score, o.repos_measured)), "
    "json_build_object('name', 'pass_rate', 'value', o.pass_points, 'weight', 25, 'trend', o.pass_trend, "
    "'detail', "
    "format('%s %% of reports pass: %s of %s', o.pass_percent, o.passes, o.passes + o.fails)), "
    "json_build_object('name', 'steady', 'value', o.drift_points, 'weight', 20, 'trend', o.drift_trend, "
    "'detail', "
    "format('%s of %s measured repositories have an open drift', o.repos_drifting, o.repos_measured)), "
    "json_build_object('name', 'coverage', 'value', o.coverage_points, 'weight', 15, 'trend', "
    "o.coverage_trend, "
    "'detail', format('%s of %s active repositories reported within 7 days', o.repos_reporting, "
    "o.repos_active)))) "
    "FROM plumbline.org_health o WHERE o.health IS NOT NULL), "
    "'worst_repos', (SELECT coalesce(json_agg(w), '[]') FROM (" PLUMBLINE_CONSOLE_REPO
    "WHERE h.health IS NOT NULL ORDER BY h.health, l.repo, l.branch LIMIT 5) w), "
    "'open_drifts', (SELECT coalesce(json_agg(w), '[]') FROM (" PLUMBLINE_CONSOLE_DRIFT
    "WHERE d.state = 'open' ORDER BY d.opened_at DESC, d.drift_id LIMIT 10) w), "
    "'rate', (SELECT json_build_object('events_per_s_5m', round(coalesce(sum(g.stored), 0) / 300.0, 2)) FROM "
    "plumbline.ledger g WHERE g.minute >= date_trunc('minute', now()) - interval '5 minutes'), "
    "'counts', json_build_object("
    "'repos', (SELECT count(DISTINCT repo) FROM plumbline.health_repo_latest), "
    "'agents', (SELECT count(*) FROM plumbline.health_agent_latest), "
    "'sessions_24h', (SELECT count(DISTINCT (t.agent, t.session)) FROM plumbline.traces t WHERE t.session IS "
    "NOT "
    "NULL AND t.time > now() - interval '24 hours'), "
    "'open_drifts', (SELECT count(*) FROM plumbline.drifts WHERE state = 'open')))::text";

constexpr std::string_view kHistory =
    "SELECT coalesce(json_agg(json_build_object('time', day, 'score', health) ORDER BY day), '[]')::text "
    "FROM "
    "plumbline.org_health_days";

// $1 text to find, $2-$4 key, $5 rows.
#define REPO_LIST(order_key, key_type, order, after)                             \
  "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", " order_key \
  ", x.repo, x.branch) FROM (" PLUMBLINE_CONSOLE_REPO                            \
  "WHERE $1::text IS NULL OR position(lower($1) IN lower(l.repo)) > 0) x WHERE " \
  "$2::text IS NULL OR " after " ORDER BY " order " LIMIT $5::int"

constexpr std::string_view kWorst =
    REPO_LIST("coalesce(x.health, 101)::text", "numeric", "coalesce(x.health, 101), x.repo, x.branch",
              "(coalesce(x.health, 101), x.repo, x.branch) > ($2::numeric, $3::text, $4::text)");
constexpr std::string_view kByName =
    REPO_LIST("''", "text", "x.repo, x.branch", "(x.repo, x.branch) > ($3::text, $4::text)");
constexpr std::string_view kRecent = REPO_LIST(
    PLUMBLINE_CONSOLE_MOMENT("x.last_report_at"), "timestamptz", "x.last_report_at DESC, x.repo, x.branch",
    "x.last_report_at < $2::timestamptz OR (x.last_report_at = $2::timestamptz AND (x.repo, x.branch) > "
    "($3::text, $4::text))");
#undef REPO_LIST

// $1 repository, $2 branch, $3 from, $4 to. Names that reports don't say are '' here and NULL there.
#define OF_BRANCH(alias)                                                      \
  "(" alias ".repo = $1 OR ($1 = '' AND " alias ".repo IS NULL)) AND (" alias \
  ".branch = b.branch OR "                                                    \
  "(b.branch = '' AND " alias ".branch IS NULL))"
constexpr std::string_view kRepo =
    "WITH b AS (SELECT branch FROM plumbline.health_repo_latest WHERE repo = $1 AND ($2::text IS NULL OR branch = "
    "$2) ORDER BY time DESC LIMIT 1) SELECT json_build_object('repo', $1::text, 'branch', b.branch, "
    "'branches', (SELECT json_agg(branch ORDER BY time DESC) FROM plumbline.health_repo_latest WHERE repo = $1), "
    "'latest', (SELECT row_to_json(x) FROM (" PLUMBLINE_CONSOLE_REPO
    "WHERE l.repo = $1 AND l.branch = b.branch) x), "
    "'series', (SELECT coalesce(json_agg(x ORDER BY x.time), '[]') FROM (" PLUMBLINE_CONSOLE_REPORT
    "WHERE " OF_BRANCH("r") " AND r.time >= coalesce($3::timestamptz, '-infinity') AND r.time < coalesce($4::timestamptz, "
    "'infinity') ORDER BY r.time DESC LIMIT 1000) x), "
    "'gates', (SELECT coalesce(json_agg(json_build_object('gate', g.key, 'status', g.value, 'violations', (SELECT "
    "count(*) FROM plumbline.violations v WHERE v.time = last.time AND v.report_id = last.id AND v.gate = g.key), "
    "'last_fail_at', (SELECT max(v.time) FROM plumbline.violations v WHERE v.repo = $1 AND v.gate = g.key)) ORDER BY "
    "g.value <> 'FAIL', g.key), '[]') FROM (SELECT r.time, r.id, r.payload FROM plumbline.reports r WHERE " OF_BRANCH(
        "r") " ORDER BY r.time DESC, r.id DESC LIMIT 1) last, LATERAL json_each_text(last.payload::json -> 'data' -> 'summary') g), "
    "'drifts', (SELECT coalesce(json_agg(x ORDER BY x.opened_at DESC), '[]') FROM (" PLUMBLINE_CONSOLE_DRIFT
    "WHERE d.repo = $1 AND d.branch = b.branch ORDER BY d.opened_at DESC LIMIT 50) x))::text FROM b";
#undef OF_BRANCH

constexpr std::string_view kReport =
    "SELECT json_build_object('report', (SELECT row_to_json(x) FROM (SELECT r.time, r.id AS report_id, "
    "r.agent, "
    "r.commit, r.version, r.status, r.score, r.ai_health_score, r.structural_score, r.duration_ms, "
    "r.violations AS "
    "violations_total, r.repo, r.branch, r.received_at) x), 'violations', (SELECT coalesce(json_agg(x), "
    "'[]') FROM "
    "(SELECT v.ordinal, v.gate, v.title, v.severity, v.provenance, v.category, v.file, v.files, v.line, "
    "v.end_line, "
    "v.details FROM plumbline.violations v WHERE v.time = r.time AND v.report_id = r.id ORDER BY v.ordinal "
    "LIMIT "
    "1000) x), 'gates', (SELECT coalesce(json_agg(json_build_object('gate', g.key, 'status', g.value) ORDER "
    "BY g.key), "
    "'[]') FROM json_each_text(r.payload::json -> 'data' -> 'summary') g))::text FROM plumbline.reports r "
    "WHERE r.id "
    "= $1::uuid ORDER BY r.time DESC LIMIT 1";

}  // namespace

Reply get_overview(Ask& ask) {
  auto now = remembered(ask, "overview", kOverview);
  if (!now) return now.error();
  auto history = remembered(ask, "history", kHistory);
  if (!history) return history.error();
  if (!*now) return retryable("working", "the overview is being worked out");
  std::string body = std::move(**now);
  body.pop_back();  // '}'
  body += ",\"history\":" + history->value_or("[]") + "}";
  return std::optional(json(std::move(body)));
}

Reply list_repos(Ask& ask) {
  auto page = page_of(ask.call, 3);
  if (!page) return page.error();
  auto sort = word_parameter(ask.call, "sort", {"worst", "repo", "recent"});
  if (!sort) return sort.error();
  auto q = text_parameter(ask.call, "q", 200);
  if (!q) return q.error();
  const std::string by = sort->value_or("worst");
  return answer_page(ask, *page, 3,
                     by == "repo"     ? kByName
                     : by == "recent" ? kRecent
                                      : kWorst,
                     {param_of(*q)});
}

Reply get_repo(Ask& ask) {
  const auto repo = ask.call.parameter("repo");
  const auto branch = ask.call.parameter("branch");
  if (!repo || repo->size() > 512) return poison("bad_request", "repo must be given, in at most 512 bytes");
  auto from = moment_parameter(ask.call, "from");
  if (!from) return from.error();
  auto to = moment_parameter(ask.call, "to");
  if (!to) return to.error();
  auto found = one_json(ask, kRepo, {*repo, param_of(branch), param_of(*from), param_of(*to)});
  if (!found) return found.error();
  return std::optional(*found ? json(std::move(**found)) : not_found());
}

Reply get_report(Ask& ask) {
  if (!Uuid::parse(ask.parts[0])) return std::optional(not_found());
  auto found = one_json(ask, kReport, {ask.parts[0]});
  if (!found) return found.error();
  return std::optional(*found ? json(std::move(**found)) : not_found());
}

}  // namespace plumbline::console
