// Sessions of agents and their timelines.
#include <algorithm>

#include "console/api/page.h"
#include "console/api/remember.h"
#include "console/api/rows.h"

namespace plumbline::console {
namespace {

// A payload is parsed once a row: without OFFSET 0 the planner would parse it again for each member.
#define DATA "LATERAL (SELECT t.payload::json->'data' AS data OFFSET 0) d"
// A span that stands for a whole run sums up the tokens of the spans in it.
#define SPAN_TOKENS                                                                                        \
  "LATERAL (SELECT (v.input_tokens)::numeric AS tokens_in, (v.output_tokens)::numeric AS tokens_out FROM " \
  "json_to_record(CASE WHEN t.kind = 'span' THEN t.payload::json->'data' END) AS v(operation text, "       \
  "input_tokens "                                                                                          \
  "text, output_tokens text) WHERE v.operation IS DISTINCT FROM 'invoke_agent') d ON true"
#define SUMS                                                                                                \
  "min(t.time) AS started_at, max(t.time) AS last_at, count(*) AS events, count(*) FILTER (WHERE t.kind = " \
  "'decision') AS decisions, count(*) FILTER (WHERE t.action_type = 'require_human') AS escalations, "      \
  "max(t.risk_score) AS max_risk, coalesce(sum(d.tokens_in), 0)::bigint AS tokens_in, "                     \
  "coalesce(sum(d.tokens_out), 0)::bigint AS tokens_out, max(t.repo) AS repo"
// Of all agents' verdicts in a parameter; NULL: they are being worked out.
#define CHAIN(parameter)                                                                                  \
  "CASE WHEN " parameter "::json IS NULL THEN '{\"verdict\":\"unknown\"}'::json ELSE coalesce(" parameter \
  "::json -> s.agent, '{\"verdict\":\"none\"}') END AS chain"

// $1 agent, $2 from, $3 to, $4 text, $5 chains, $6-$8 key, $9 rows, $10 since when a session must have had an
// event. Which sessions are on the page is found first, by a look at the newest traces alone; only theirs are
// then summed up, by the index on session. Behind a cursor the look ends there: what went on after it was
// shown before.
constexpr std::string_view kSessions =
    "WITH c AS MATERIALIZED (SELECT t.session, t.agent, max(t.time) AS last_at FROM plumbline.traces t WHERE t.session IS NOT "
    "NULL AND t.time >= $10::timestamptz AND t.time < $3::timestamptz AND t.time <= coalesce($6::timestamptz, 'infinity') AND "
    "($1::text IS NULL OR t.agent = $1) AND ($4::text IS NULL OR position(lower($4) IN lower(t.session)) > 0) GROUP BY t.session, "
    "t.agent), p AS MATERIALIZED (SELECT c.* FROM c WHERE $6::timestamptz IS NULL OR ((c.last_at < $6::timestamptz OR "
    "(c.session, c.agent) > ($7::text, $8::text)) AND NOT EXISTS (SELECT FROM plumbline.traces n WHERE n.session = c.session AND "
    "n.agent = c.agent AND n.time > $6::timestamptz AND n.time < $3::timestamptz)) ORDER BY c.last_at DESC, c.session, c.agent "
    "LIMIT $9::int) "
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", " PLUMBLINE_CONSOLE_MOMENT(
        "x.last_at") ", x.session_id, x.agent) FROM (SELECT s.session AS session_id, s.agent, s.started_at, s.last_at, "
    "s.events, s.decisions, s.escalations, s.max_risk, s.tokens_in, s.tokens_out, s.repo, " CHAIN("$5")
    " FROM (SELECT p.session, p.agent, v.* FROM p, LATERAL (SELECT " SUMS " FROM plumbline.traces t LEFT JOIN " SPAN_TOKENS
    " WHERE t.session = p.session AND t.agent = p.agent AND t.time >= $2::timestamptz AND t.time < $3::timestamptz) v) s) x "
    "ORDER BY x.last_at DESC, x.session_id, x.agent";

// $1 session, $2 agent. Behind the summary: its agent.
constexpr std::string_view kSession =
    "SELECT row_to_json(x)::text, x.agent FROM (SELECT s.session AS "
    "session_id, s.agent, s.started_at, "
    "s.last_at, "
    "s.events, s.decisions, s.escalations, s.max_risk, s.tokens_in, s.tokens_out, s.repo "
    " FROM (SELECT t.session, t.agent, " SUMS " FROM plumbline.traces t LEFT JOIN " SPAN_TOKENS
    " WHERE t.session = $1::text AND ($2::text IS NULL OR "
    "t.agent = $2) GROUP BY t.session, t.agent) s ORDER BY s.last_at DESC, s.agent LIMIT 1) x";
#undef CHAIN
#undef SUMS
#undef SPAN_TOKENS

// $1 session, $2 agent, $3-$4 key, $5 rows. The summary is made of metadata alone. Where the page begins is a
// sum, so that it is no condition on the index by time: through that a whole day of all sessions would be
// gone through.
constexpr std::string_view kTimeline =
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", " PLUMBLINE_CONSOLE_MOMENT("x.time") ", x.id) FROM "
    "(SELECT t.id, t.time, t.kind, t.agent, t.action_type AS action, t.risk_score AS risk, t.risk_category, "
    "coalesce(t.action_type = 'require_human', false) AS escalated, nullif(t.matched_rule_id, '') AS policy_rule, "
    "t.policy_hash, t.confidence, t.prompt_type, t.autonomy_mode, CASE t.kind "
    "WHEN 'decision' THEN concat_ws(' ', coalesce(replace(t.action_type, '_', ' '), 'decision'), 'on', "
    "coalesce(replace(t.prompt_type, '_', ' '), 'a prompt'), 'by ' || coalesce(nullif(t.matched_rule_id, ''), 'no "
    "rule')) "
    "WHEN 'session' THEN 'session ' || coalesce(v.event, '') "
    "WHEN 'span' THEN concat_ws(' ', coalesce(v.name, 'span'), 'with ' || coalesce(v.tool_name, v.response_model, "
    "v.request_model)) "
    "ELSE replace(t.kind, '_', ' ') END AS summary, v.tool_name AS tool, coalesce(v.response_model, v.request_model) "
    "AS model, v.input_tokens::numeric::bigint AS tokens_in, v.output_tokens::numeric::bigint AS tokens_out, "
    "round(v.duration_us::numeric / 1000, 3) AS duration_ms, CASE WHEN t.kind = 'span' THEN v.status END AS status, "
    "t.repo, t.branch, t.commit, d.data "
    "FROM (SELECT * FROM plumbline.traces p WHERE p.session = $1::text AND p.agent = $2::text AND (p.time + interval "
    "'0', p.id) > (coalesce($3::timestamptz, '-infinity'), coalesce($4::uuid, '00000000-0000-0000-0000-000000000000')) "
    "ORDER BY p.time, p.id LIMIT $5::int) t, " DATA ", LATERAL json_to_record(d.data) AS v(event text, name text, tool_name text, "
    "request_model text, response_model text, input_tokens text, output_tokens text, duration_us text, status text)) x ORDER BY x.time, x.id";

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int64_t kSpanDefault = 30 * kDayUs;
constexpr std::int64_t kSpanMax = 92 * kDayUs;
// How far back the first look for sessions goes; each further one goes back this many times as far.
constexpr std::int64_t kFirstLookUs = 3'600'000'000;
constexpr std::int64_t kFurther = 6;

struct SessionsAsked {
  std::optional<std::string> agent, text, chains;
  TimeUs start, end;
};

// A page of them. A busy tenant's newest sessions are in its last hour: looks go back only as far as the page
// needs.
Result<std::vector<PageRow>> sessions_of(Ask& ask, const Page& page, const SessionsAsked& asked) {
  const std::string from = format_rfc3339(asked.start), to = format_rfc3339(asked.end);
  const std::string wanted = std::to_string(page.limit + 1);
  std::vector<pg::Param> key(3);
  TimeUs newest = std::min(asked.end, ask.service.clock.now());
  if (!page.after.empty()) {
    key = {page.after[0], page.after[1], page.after[2]};
    if (const auto last = parse_rfc3339(page.after[0])) newest = std::min(newest, *last);
  }
  return as_reader(ask.database, ask.scope.tenant, [&](pg::Connection& c) -> Result<std::vector<PageRow>> {
    // Each session is looked up by its index: nothing is won by combining that with the key of time.
    if (Status set = c.execute("SET LOCAL enable_bitmapscan TO off"); !set) return set.error();
    for (std::int64_t back = kFirstLookUs;; back *= kFurther) {
      const TimeUs since{std::max(asked.start.value, newest.value - back)};
      auto found =
          c.query(kSessions, {param_of(asked.agent), from, to, param_of(asked.text), param_of(asked.chains),
                              key[0], key[1], key[2], wanted, format_rfc3339(since)});
      if (!found) return found.error();
      if (found->size() <= page.limit && since > asked.start) continue;
      std::vector<PageRow> rows;
      for (int i = 0; i < found->size(); ++i)
        rows.push_back({std::string(found->text(i, 0)), std::string(found->text(i, 1))});
      return rows;
    }
  });
}

struct Timeline {
  std::string summary, agent;
  std::vector<PageRow> rows;
};

// A plan for any session, since planning anew over a month's partitions costs ten times the look itself; and
// its rows, each on another page, asked for side by side, which on a cold cache is the difference between one
// wait for the disk and two hundred.
constexpr const char* kOneSession =
    "SET LOCAL plan_cache_mode TO force_generic_plan; SET LOCAL enable_indexscan TO off; SET LOCAL "
    "enable_bitmapscan TO "
    "on; SET LOCAL effective_io_concurrency TO 256";

Result<Timeline> timeline_of(Ask& ask, const Page& page, const std::optional<std::string>& agent) {
  const std::string& session = ask.parts[0];
  const std::string wanted = std::to_string(page.limit + 1);
  std::vector<pg::Param> key(2);
  if (!page.after.empty()) key = {page.after[0], page.after[1]};
  return as_reader(ask.database, ask.scope.tenant, [&](pg::Connection& c) -> Result<Timeline> {
    if (Status set = c.execute(kOneSession); !set) return set.error();
    auto summary = c.query(kSession, {session, param_of(agent)});
    if (!summary) return summary.error();
    if (summary->size() == 0) return poison("not_found", "no such session");
    Timeline made{std::string(summary->text(0, 0)), std::string(summary->text(0, 1)), {}};
    auto events = c.query(kTimeline, {session, made.agent, key[0], key[1], wanted});
    if (!events) return events.error();
    for (int i = 0; i < events->size(); ++i)
      made.rows.push_back({std::string(events->text(i, 0)), std::string(events->text(i, 1))});
    return made;
  });
}

}  // namespace

Reply list_sessions(Ask& ask) {
  auto page = page_of(ask.call, 3);
  if (!page) return page.error();
  auto agent = text_parameter(ask.call, "agent", 2048);
  if (!agent) return agent.error();
  auto q = text_parameter(ask.call, "q", 200);
  if (!q) return q.error();
  auto from = moment_parameter(ask.call, "from");
  if (!from) return from.error();
  auto to = moment_parameter(ask.call, "to");
  if (!to) return to.error();
  // Clocks of senders may be ahead by five minutes: the end is a day from now.
  const TimeUs end = *to ? *parse_rfc3339(**to) : TimeUs{ask.service.clock.now().value + kDayUs};
  const TimeUs start = *from ? *parse_rfc3339(**from) : TimeUs{end.value - kSpanDefault - (*to ? 0 : kDayUs)};
  if (start >= end || end.value - start.value > kSpanMax + kDayUs)
    return poison("bad_request", "from must be before to, by 92 days at most");
  auto chains = chains_of(ask);
  if (!chains) return chains.error();
  auto rows = sessions_of(ask, *page, {*agent, *q, *chains, start, end});
  if (!rows) return rows.error();
  return std::optional(page_answer(*page, std::move(*rows)));
}

Reply get_session(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  if (page->format != "json") return poison("bad_request", "format must be json here");
  auto agent = text_parameter(ask.call, "agent", 2048);
  if (!agent) return agent.error();
  auto found = timeline_of(ask, *page, *agent);
  if (!found) return found.error();
  auto verdict = chain_of(ask, found->agent);
  if (!verdict) return verdict.error();
  const std::string chain = "\"chain\":" + *verdict;
  found->summary.back() = ',';  // of '}'
  return std::optional(
      page_answer(*page, std::move(found->rows), "\"session\":" + found->summary + chain + "}," + chain));
}

}  // namespace plumbline::console
