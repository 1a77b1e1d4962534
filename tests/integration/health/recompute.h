// The health tables computed again from traces, reports and violations, in SQL that shares nothing with the
// consumer.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "core/pg/connection.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {

inline std::string histogram(const std::string& name, const std::string& bucket) {
  std::string columns;
  for (int i = 0; i < 10; ++i) {
    columns += ", count(*) FILTER (WHERE " + bucket + " = " + std::to_string(i) + ") AS " + name + "_h" +
               std::to_string(i);
  }
  return columns;
}

// Name of a table, the columns that are compared, and the query that gives what they must hold.
struct Recomputed {
  std::string table, columns, query;
};

inline std::vector<Recomputed> recomputed() {
  const std::string hour = "date_trunc('hour', time, 'UTC') AS hour";
  std::vector<Recomputed> all;
  std::string repo_columns =
      "tenant_id, repo, hour, runs, passes, fails, skips, errors, failures, score_count, "
      "score_milli, ai_count, ai_milli, structural_count, structural_milli, "
      "duration_count, duration_ms";
  for (int i = 0; i < 10; ++i) repo_columns += ", score_h" + std::to_string(i);
  for (int i = 0; i < 10; ++i) repo_columns += ", duration_h" + std::to_string(i);
  const std::string duration_ms =
      "CASE WHEN duration_ms > 1e12 THEN 1000000000000 ELSE round(duration_ms)::bigint END";
  all.push_back(
      {"health_repo_hours", repo_columns,
       "SELECT tenant_id, coalesce(repo, '') AS repo, " + hour +
           ", count(*), count(*) FILTER (WHERE status = 'PASS'), count(*) FILTER (WHERE status = 'FAIL'), "
           "count(*) FILTER (WHERE status = 'SKIP'), count(*) FILTER (WHERE status = 'ERROR'), "
           "sum(violations)::bigint, count(score), coalesce(sum(round(score * 1000)::bigint), 0)::bigint, "
           "count(ai_health_score), coalesce(sum(round(ai_health_score * 1000)::bigint), 0)::bigint, "
           "count(structural_score), coalesce(sum(round(structural_score * 1000)::bigint), 0)::bigint, "
           "count(duration_ms), coalesce(sum(" +
           duration_ms + "), 0)::bigint" +
           histogram("score", "CASE WHEN score >= 90 THEN 9 ELSE round(score * 1000)::bigint / 10000 END") +
           histogram("duration",
                     "width_bucket(" + duration_ms +
                         ", ARRAY[100,300,1000,3000,10000,30000,60000,300000,900000]::bigint[])") +
           " FROM plumbline.reports GROUP BY 1, 2, 3"});
  all.push_back({"health_repo_failures", "tenant_id, repo, hour, gate, severity, provenance, failures",
                 "SELECT tenant_id, coalesce(repo, ''), " + hour +
                     ", gate, coalesce(severity, ''), coalesce(provenance, ''), count(*) FROM "
                     "plumbline.violations GROUP BY 1, 2, 3, 4, 5, 6"});
  all.push_back({"health_repo_latest",
                 "tenant_id, repo, branch, time, report_id, status, score, ai_health_score, "
                 "structural_score, failures, "
                 "agent, commit, version",
                 "SELECT DISTINCT ON (tenant_id, repo, branch) tenant_id, coalesce(repo, ''), "
                 "coalesce(branch, ''), time, "
                 "id, status, score, ai_health_score, structural_score, violations::bigint, agent, commit, "
                 "version FROM "
                 "plumbline.reports ORDER BY tenant_id, repo, branch, time DESC, id DESC"});
  std::string agent_columns =
      "tenant_id, agent, hour, traces, decisions, escalations, matched, session_starts, "
      "session_ends, spans, risk_count, risk_sum, risk_low, risk_medium, risk_high, "
      "risk_critical, risk_other, latency_count, latency_us";
  for (int i = 0; i < 10; ++i) agent_columns += ", risk_h" + std::to_string(i);
  for (int i = 0; i < 10; ++i) agent_columns += ", latency_h" + std::to_string(i);
  const std::string from =
      " FROM (SELECT *, payload::jsonb #>> '{data,event}' AS event, CASE kind WHEN 'span' THEN "
      "round((payload::jsonb #>> "
      "'{data,duration_us}')::numeric)::bigint END AS us FROM plumbline.traces) t";
  const auto category = [](const std::string& word) {
    return "count(*) FILTER (WHERE risk_category = '" + word + "'), ";
  };
  all.push_back(
      {"health_agent_hours", agent_columns,
       "SELECT tenant_id, agent, " + hour +
           ", count(*), count(*) FILTER (WHERE kind = 'decision'), count(*) FILTER (WHERE action_type = "
           "'require_human'), count(matched_rule_id), count(*) FILTER (WHERE kind = 'session' AND event = "
           "'start'), count(*) FILTER (WHERE kind = 'session' AND event = 'end'), count(*) FILTER (WHERE "
           "kind = "
           "'span'), count(risk_score), coalesce(sum(risk_score), 0)::bigint, " +
           category("low") + category("medium") + category("high") + category("critical") +
           "count(*) FILTER (WHERE risk_category NOT IN ('low', 'medium', 'high', 'critical')), count(us), "
           "coalesce(sum(CASE WHEN us > 1e12 THEN 1000000000000 ELSE us END), 0)::bigint" +
           histogram("risk", "CASE WHEN risk_score >= 90 THEN 9 ELSE risk_score / 10 END") +
           histogram(
               "latency",
               "width_bucket(us, "
               "ARRAY[10000,30000,100000,300000,1000000,3000000,10000000,30000000,100000000]::bigint[])") +
           from + " GROUP BY 1, 2, 3"});
  all.push_back({"health_agent_decisions",
                 "tenant_id, agent, hour, policy_hash, rule, action_type, decisions",
                 "SELECT tenant_id, agent, " + hour +
                     ", coalesce(policy_hash, ''), coalesce(matched_rule_id, ''), action_type, count(*) FROM "
                     "plumbline.traces WHERE kind = 'decision' GROUP BY 1, 2, 3, 4, 5, 6"});
  all.push_back(
      {"health_agent_policies", "tenant_id, agent, policy_hash, first_time, last_time, decisions",
       "SELECT tenant_id, agent, policy_hash, min(time), max(time), count(*) FROM plumbline.traces WHERE "
       "policy_hash IS NOT NULL GROUP BY 1, 2, 3"});
  all.push_back({"health_agent_latest", "tenant_id, agent, time, trace_id, kind, session",
                 "SELECT DISTINCT ON (tenant_id, agent) tenant_id, agent, time, id, kind, session FROM "
                 "plumbline.traces ORDER BY tenant_id, agent, time DESC, id DESC"});
  return all;
}

// "" when the tables hold exactly what the recomputation gives; otherwise what differs, a few rows of each
// table.
inline std::string health_differences(pg::Connection& super) {
  std::string all;
  for (const Recomputed& one : recomputed()) {
    auto rows = require(super.query("WITH live AS (SELECT " + one.columns + " FROM plumbline." + one.table +
                                    "), expected AS (" + one.query +
                                    ") SELECT coalesce(string_agg(line, E'\\n'), '') FROM (SELECT line FROM ("
                                    "SELECT 'too much: ' || l::text FROM (SELECT * FROM live EXCEPT ALL "
                                    "SELECT * FROM expected) l UNION ALL "
                                    "SELECT 'missing: ' || e::text FROM (SELECT * FROM expected EXCEPT ALL "
                                    "SELECT * FROM live) e) d (line) "
                                    "LIMIT 6) f"));
    if (!rows.text(0, 0).empty()) all += one.table + ":\n" + std::string(rows.text(0, 0)) + "\n";
  }
  return all;
}

}  // namespace plumbline::tests
