// Agents, what is set for the tenant, and the audit log.
#include "console/api/page.h"
#include "console/api/providers.h"
#include "console/api/remember.h"
#include "console/api/rows.h"
#include "core/codec/json_writer.h"

namespace plumbline::console {
namespace {

// $1 text, $2 chains, $3 key, $4 rows.
constexpr std::string_view kAgents =
    "SELECT row_to_json(x)::text, x.agent FROM (SELECT s.agent, s.time AS last_seen_at, s.kind AS last_kind, "
    "s.session AS "
    "last_session, (SELECT t.version FROM plumbline.traces t WHERE t.time = s.time AND t.id = s.trace_id) AS "
    "version, "
    "NULL::text AS key_id, h.traces_24h, h.decisions_24h, h.escalations_24h, w.silent_since, CASE WHEN "
    "$2::json IS NULL "
    "THEN '{\"verdict\":\"unknown\"}'::json ELSE coalesce($2::json -> s.agent, '{\"verdict\":\"none\"}') END "
    "AS chain FROM "
    "plumbline.health_agent_latest s LEFT JOIN plumbline.drift_watch w ON w.kind = 'agent' AND w.name = "
    "s.agent, LATERAL "
    "(SELECT coalesce(sum(a.traces), 0)::bigint AS traces_24h, coalesce(sum(a.decisions), 0)::bigint AS "
    "decisions_24h, "
    "coalesce(sum(a.escalations), 0)::bigint AS escalations_24h FROM plumbline.health_agent_hours a WHERE "
    "a.agent = "
    "s.agent AND a.hour > now() - interval '25 hours') h WHERE ($1::text IS NULL OR position(lower($1) IN "
    "lower(s.agent)) > 0) AND s.agent > coalesce($3::text, '') ORDER BY s.agent LIMIT $4::int) x ORDER BY "
    "x.agent";

// The matchers where the tenant has none of its own are those of consumers/drift/matchers.h; a test compares.
constexpr std::string_view kSettings =
    "SELECT json_build_object('tenant', json_build_object('id', t.id, 'slug', t.slug, 'name', t.name), "
    "'retention_days', "
    "t.retention_days, 'limits', json_build_object('traces_per_s', t.traces_per_s, 'burst', t.burst, "
    "'agent_traces_per_s', t.agent_traces_per_s, 'agent_burst', t.agent_burst), 'redaction', "
    "json_build_object('policy', "
    "'metadata only', 'detail', 'Clients leave prompts, answers and explanations out before they sign. An "
    "operator of a "
    "machine may opt in there, for that machine; nothing here can.'), 'matchers', coalesce((SELECT "
    "json_build_object('custom', true, 'ids', m.ids, 'words', m.words) FROM plumbline.drift_matchers m), "
    "'{\"custom\":false,\"ids\":[\"ARCH_BOUNDARY\"],\"words\":[\"architect\",\"layer\"]}'))::text FROM "
    "plumbline.tenants t";

// $1 key, $2 rows.
constexpr std::string_view kAudit =
    "SELECT row_to_json(x)::text, x.id FROM (SELECT a.seq AS id, a.at, a.actor, a.action, a.subject, "
    "a.detail, "
    "encode(a.hash, 'hex') AS hash FROM plumbline.audit_log a WHERE a.seq < coalesce($1::bigint, "
    "9223372036854775807) "
    "ORDER BY a.seq DESC LIMIT $2::int) x ORDER BY x.id DESC";
constexpr std::string_view kAuditChain =
    "SELECT json_build_object('verdict', CASE WHEN b.bad IS NULL THEN 'ok' ELSE 'broken' END, 'entries', "
    "(SELECT count(*) "
    "FROM plumbline.audit_log), 'first_bad', b.bad)::text FROM (SELECT min(seq) AS bad FROM "
    "plumbline.audit_breaks) b";

}  // namespace

Reply list_agents(Ask& ask) {
  auto page = page_of(ask.call, 1);
  if (!page) return page.error();
  auto q = text_parameter(ask.call, "q", 200);
  if (!q) return q.error();
  auto chains = chains_of(ask);
  if (!chains) return chains.error();
  return answer_page(ask, *page, 1, kAgents, {param_of(*q), param_of(*chains)});
}

Reply get_settings(Ask& ask) {
  auto found = one_json(ask, kSettings, {});
  if (!found) return found.error();
  if (!*found) return std::optional(not_found());
  std::string body = std::move(**found);
  body.pop_back();
  body += ",\"edge_url\":";
  const std::string& edge = ask.service.config.edge_url;
  if (edge.empty()) {
    body += "null";
  } else {
    codec::append_json_string(body, edge);
  }
  body += ",\"providers\":";
  codec::JsonWriter out(body);
  out.open_array();
  for (const Provider& provider : ask.service.providers->all()) out.text(provider.name);
  out.close_array();
  body += "}";
  return std::optional(json(std::move(body)));
}

Reply list_audit(Ask& ask) {
  auto page = page_of(ask.call, 1);
  if (!page) return page.error();
  auto chain = remembered(ask, "audit", kAuditChain);
  if (!chain) return chain.error();
  return answer_page(ask, *page, 1, kAudit, {},
                     "\"chain\":" + chain->value_or(R"({"verdict":"ok","entries":0,"first_bad":null})"));
}

}  // namespace plumbline::console
