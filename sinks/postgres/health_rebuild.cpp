#include "sinks/postgres/health_rebuild.h"

namespace plumbline::postgres {
namespace {

#define PLUMBLINE_TENTHS(p) p "0, " p "1, " p "2, " p "3, " p "4, " p "5, " p "6, " p "7, " p "8, " p "9"

constexpr std::array<RebuiltTable, 7> kTables{{
    {"health_repo_hours", "repo, hour", "hour >= $2::timestamptz",
     "tenant_id, repo, hour, runs, passes, fails, skips, errors, failures, score_count, score_milli, "
     "ai_count, "
     "ai_milli, structural_count, structural_milli, duration_count, duration_ms, " PLUMBLINE_TENTHS(
         "score_h") ", " PLUMBLINE_TENTHS("duration_h")},
    {"health_repo_failures", "hour, repo, gate, severity, provenance", "hour >= $2::timestamptz",
     "tenant_id, hour, repo, gate, severity, provenance, failures"},
    {"health_repo_latest", "repo, branch", "time >= $2::timestamptz",
     "tenant_id, repo, branch, time, report_id, status, score, ai_health_score, structural_score, failures, "
     "agent, commit, version"},
    {"health_agent_hours", "agent, hour", "hour >= $2::timestamptz",
     "tenant_id, agent, hour, traces, decisions, escalations, matched, session_starts, session_ends, spans, "
     "risk_count, risk_sum, risk_low, risk_medium, risk_high, risk_critical, risk_other, latency_count, "
     "latency_us, " PLUMBLINE_TENTHS("risk_h") ", " PLUMBLINE_TENTHS("latency_h")},
    {"health_agent_decisions", "hour, agent, policy_hash, rule, action_type", "hour >= $2::timestamptz",
     "tenant_id, hour, agent, policy_hash, rule, action_type, decisions"},
    {"health_agent_policies", "agent, policy_hash",
     "first_time >= $2::timestamptz",  // an older one also counts what may be stored no more
     "tenant_id, agent, policy_hash, first_time, last_time, decisions"},
    {"health_agent_latest", "agent", "time >= $2::timestamptz",
     "tenant_id, agent, time, trace_id, kind, session"},
}};
#undef PLUMBLINE_TENTHS

// Rows whose address health has passed and that do not wait to be judged. Offsets of an older log may be
// higher than the position in this one: such rows were received long before.
std::string counted(const std::string& alias, const std::string& from) {
  return " FROM plumbline." + from + " " + alias + " JOIN pg_temp.counted c ON c.topic = " + alias +
         ".topic AND c.partition = " + alias + ".log_partition AND (" + alias +
         ".log_offset < c.next_offset OR " + alias +
         ".received_at < c.received_at - interval '1 hour') WHERE " + alias +
         ".tenant_id = $1::uuid AND NOT EXISTS (SELECT FROM plumbline.health_pending p WHERE p.topic = " +
         alias + ".topic AND p.log_partition = " + alias + ".log_partition AND p.log_offset = " + alias +
         ".log_offset AND p.log_index = " + alias + ".log_index)";
}

// ", count(*) FILTER (WHERE <expression> = 0), ..." for the ten buckets.
std::string tenths(const std::string& expression) {
  std::string out;
  for (int i = 0; i < 10; ++i)
    out += ", count(*) FILTER (WHERE " + expression + " = " + std::to_string(i) + ")";
  return out;
}

std::string repo_hours() {
  return "SELECT $1::uuid, repo, hour, count(*), count(*) FILTER (WHERE status = 'PASS'), count(*) FILTER "
         "(WHERE "
         "status = 'FAIL'), count(*) FILTER (WHERE status = 'SKIP'), count(*) FILTER (WHERE status = "
         "'ERROR'), "
         "sum(violations), count(score), coalesce(sum(score), 0), count(ai), coalesce(sum(ai), 0), "
         "count(structural), coalesce(sum(structural), 0), count(took), coalesce(sum(took), 0)" +
         tenths("least(score / 10000, 9)") +
         tenths("width_bucket(took, '{100,300,1000,3000,10000,30000,60000,300000,900000}'::bigint[])") +
         " FROM (SELECT coalesce(r.repo, '') AS repo, date_trunc('hour', r.time, 'UTC') AS hour, r.status, "
         "r.violations, round(r.score * 1000)::bigint AS score, round(r.ai_health_score * 1000)::bigint AS "
         "ai, "
         "round(r.structural_score * 1000)::bigint AS structural, round(least(r.duration_ms, 1e12))::bigint "
         "AS "
         "took" +
         counted("r", "reports") + " AND r.time >= $2::timestamptz) x GROUP BY repo, hour";
}

std::string repo_failures() {
  return "SELECT $1::uuid, date_trunc('hour', v.time, 'UTC'), coalesce(v.repo, ''), v.gate, "
         "coalesce(v.severity, "
         "''), coalesce(v.provenance, ''), count(*) FROM plumbline.violations v JOIN (SELECT r.time, r.id" +
         counted("r", "reports") +
         " AND r.time >= $2::timestamptz) x ON x.time = v.time AND x.id = v.report_id WHERE v.tenant_id = "
         "$1::uuid GROUP BY 2, 3, 4, 5, 6";
}

std::string repo_latest() {
  return "SELECT DISTINCT ON (coalesce(r.repo, ''), coalesce(r.branch, '')) $1::uuid, coalesce(r.repo, ''), "
         "coalesce(r.branch, ''), r.time, r.id, r.status, r.score, r.ai_health_score, r.structural_score, "
         "r.violations, r.agent, r.commit, r.version" +
         counted("r", "reports") +
         " AND $2::timestamptz IS NOT NULL ORDER BY coalesce(r.repo, ''), coalesce(r.branch, ''), r.time "
         "DESC, "
         "r.id DESC";
}

std::string agent_hours() {
  return "SELECT $1::uuid, agent, hour, count(*), count(*) FILTER (WHERE kind = 'decision'), count(*) FILTER "
         "(WHERE action_type = 'require_human'), count(*) FILTER (WHERE rule <> ''), count(*) FILTER (WHERE "
         "event "
         "= 'start'), count(*) FILTER (WHERE event = 'end'), count(*) FILTER (WHERE kind = 'span'), "
         "count(risk), "
         "coalesce(sum(risk), 0), count(*) FILTER (WHERE category = 'low'), count(*) FILTER (WHERE category "
         "= "
         "'medium'), count(*) FILTER (WHERE category = 'high'), count(*) FILTER (WHERE category = "
         "'critical'), "
         "count(*) FILTER (WHERE category NOT IN ('', 'low', 'medium', 'high', 'critical')), count(took), "
         "coalesce(sum(took), 0)" +
         tenths("least(risk / 10, 9)") +
         tenths(
             "width_bucket(took, "
             "'{10000,30000,100000,300000,1000000,3000000,10000000,30000000,100000000}'::bigint[])") +
         " FROM (SELECT t.agent, date_trunc('hour', t.time, 'UTC') AS hour, t.kind, CASE WHEN t.kind = "
         "'decision' "
         "THEN t.action_type END AS action_type, CASE WHEN t.kind = 'decision' THEN t.matched_rule_id END AS "
         "rule, "
         "CASE WHEN t.kind = 'decision' THEN t.risk_score END AS risk, CASE WHEN t.kind = 'decision' THEN "
         "t.risk_category END AS category, CASE WHEN t.kind = 'session' THEN t.payload::jsonb #>> "
         "'{data,event}' END AS event, CASE WHEN t.kind = 'span' AND jsonb_typeof(t.payload::jsonb #> "
         "'{data,duration_us}') = 'number' THEN round(least((t.payload::jsonb #>> "
         "'{data,duration_us}')::double precision, 1e12))::bigint END AS took" +
         counted("t", "traces") + " AND t.time >= $2::timestamptz) x GROUP BY agent, hour";
}

std::string agent_decisions() {
  return "SELECT $1::uuid, date_trunc('hour', t.time, 'UTC'), t.agent, coalesce(t.policy_hash, ''), "
         "coalesce(t.matched_rule_id, ''), coalesce(t.action_type, ''), count(*)" +
         counted("t", "traces") +
         " AND t.kind = 'decision' AND t.time >= $2::timestamptz GROUP BY 2, 3, 4, 5, 6";
}

std::string agent_policies() {
  return "SELECT $1::uuid, t.agent, t.policy_hash, min(t.time), max(t.time), count(*)" +
         counted("t", "traces") +
         " AND t.kind = 'decision' AND t.policy_hash <> '' AND NOT EXISTS (SELECT FROM "
         "plumbline.health_agent_policies l WHERE l.tenant_id = $1::uuid AND l.agent = t.agent AND "
         "l.policy_hash = "
         "t.policy_hash AND l.first_time < $2::timestamptz) GROUP BY 2, 3";
}

std::string agent_latest() {
  return "SELECT DISTINCT ON (t.agent) $1::uuid, t.agent, t.time, t.id, t.kind, t.session" +
         counted("t", "traces") + " AND $2::timestamptz IS NOT NULL ORDER BY t.agent, t.time DESC, t.id DESC";
}

}  // namespace

const std::array<RebuiltTable, 7>& rebuilt_tables() {
  return kTables;
}

std::string rebuild_statement(const RebuiltTable& table) {
  using Make = std::string (*)();
  constexpr Make kMakes[] = {repo_hours,      repo_failures,  repo_latest, agent_hours,
                             agent_decisions, agent_policies, agent_latest};
  std::size_t i = 0;
  while (i + 1 < kTables.size() && kTables[i].name != table.name) ++i;
  return "INSERT INTO pg_temp.new_" + std::string(table.name) + " (" + std::string(table.columns) + ") " +
         kMakes[i]();
}

}  // namespace plumbline::postgres
