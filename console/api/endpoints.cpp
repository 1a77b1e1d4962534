#include "console/api/endpoints.h"

#include "console/api/handlers.h"

namespace plumbline::console {
namespace {

#define T "/api/v1/tenants/{tenant}"
constexpr Endpoint kTable[] = {
    {"GET", "/api/v1/me", kSignedIn, get_me},
    {"GET", "/api/v1/sign-in", kPublic, get_sign_in},
    {"POST", "/api/v1/device/approve", kSignedIn, approve_device},
    {"GET", "/auth/{provider}/start", kPublic, start_sign_in, Lane::kOutgoing},
    {"GET", "/auth/{provider}/callback", kPublic, finish_sign_in, Lane::kOutgoing},
    {"POST", "/auth/setup", kPublic, use_setup_link},
    {"POST", "/auth/refresh", kPublic, refresh_session},
    {"POST", "/auth/sign-out", kSignedIn, sign_out},
    {"POST", "/auth/device/code", kPublic, start_device},
    {"POST", "/auth/device/token", kPublic, exchange_token},
    {"GET", "/auth/authorize", kPublic, authorize_client},
    {"POST", "/auth/authorize", kPublic, allow_client},
    {"POST", "/auth/token", kPublic, exchange_token},
    {"GET", T "/overview", "health.read", get_overview},
    {"GET", T "/repos", "health.read", list_repos},
    {"GET", T "/repo", "health.read", get_repo},
    {"GET", T "/reports/{id}", "health.read", get_report},
    {"GET", T "/sessions", "sessions.read", list_sessions},
    {"GET", T "/sessions/{session}", "sessions.read", get_session},
    {"GET", T "/drifts", "drifts.read", list_drifts},
    {"GET", T "/drifts/{id}", "drifts.read", get_drift},
    {"GET", T "/deliveries", "drifts.read", list_deliveries},
    {"GET", T "/pipeline", "pipeline.read", get_pipeline},
    {"GET", T "/dead-letters", "pipeline.read", list_dead_letters},
    {"GET", T "/agents", "agents.read", list_agents},
    {"GET", T "/members", "members.read", list_members},
    {"POST", T "/members/invitations", "members.manage", invite_member},
    {"DELETE", T "/members/invitations/{id}", "members.manage", revoke_invitation},
    {"PATCH", T "/members/{user}", "members.manage", change_member},
    {"DELETE", T "/members/{user}", "members.manage", remove_member},
    {"GET", T "/teams", "members.read", list_teams},
    {"POST", T "/teams", "teams.manage", add_team},
    {"DELETE", T "/teams/{id}", "teams.manage", remove_team},
    {"PUT", T "/teams/{id}/members/{user}", "teams.manage", add_team_member},
    {"DELETE", T "/teams/{id}/members/{user}", "teams.manage", remove_team_member},
    {"GET", T "/keys", "keys.read", list_keys},
    {"POST", T "/keys", "keys.manage", add_key},
    {"POST", T "/keys/{key}/rotate", "keys.manage", rotate_key},
    {"POST", T "/keys/{key}/disable", "keys.manage", disable_key},
    {"GET", T "/routes", "routes.read", list_routes},
    {"POST", T "/routes", "routes.manage", add_route},
    {"DELETE", T "/routes/{id}", "routes.manage", remove_route},
    {"POST", T "/routes/{id}/test", "routes.test", test_route},
    {"GET", T "/settings", "settings.read", get_settings},
    {"GET", T "/audit", "audit.read", list_audit},
    {"GET", T "/live", "health.read", get_live},
};
#undef T

// Cuts the first segment off.
std::string_view segment_of(std::string_view& path) {
  path.remove_prefix(1);  // '/'
  const std::string_view first = path.substr(0, path.find('/'));
  path.remove_prefix(first.size());
  return first;
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& parts) {
  parts.clear();
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = segment_of(pattern), given = segment_of(path);
    if (wanted.starts_with('{')) {
      auto decoded = percent_decode(given, false);
      if (!decoded || decoded->empty()) return false;
      parts.push_back(std::move(*decoded));
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

Answer signed_out() {
  Answer answer = problem(401, "signed_out", "Nobody is signed in", "Sign in, or refresh the session.");
  answer.fields = "WWW-Authenticate: Bearer\r\n";
  return answer;
}

// Who asks, as the token says and the database still knows; nullopt: nobody.
Result<std::optional<Caller>> caller_of(const Ask& ask) {
  Caller caller;
  std::string_view token;
  constexpr std::string_view kBearer = "Bearer ";
  if (!ask.call.authorization.empty()) {
    if (!ask.call.authorization.starts_with(kBearer)) return std::optional<Caller>();
    token = std::string_view(ask.call.authorization).substr(kBearer.size());
  } else {
    token = ask.call.cookie_value(session_cookie(ask.service));
    caller.by_cookie = true;
  }
  const auto claims = ask.service.tokens.verify_access(token);
  if (!claims) return std::optional<Caller>();
  auto control = ask.database.control();
  if (!control) return control.error();
  auto rows = (*control)->query(
      "SELECT u.email, u.name FROM plumbline.user_sessions s JOIN plumbline.users u ON u.id = s.user_id "
      "WHERE "
      "s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now() AND u.disabled_at IS "
      "NULL",
      {claims->session.to_string(), claims->user.to_string()});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<Caller>();
  caller.user = claims->user;
  caller.session = claims->session;
  caller.expires_at = claims->expires_at;
  caller.email = rows->text(0, 0);
  caller.name = rows->text(0, 1);
  return std::optional(std::move(caller));
}

// The tenant of the path, as one of the caller's memberships; nullopt: none of theirs.
Result<std::optional<Scope>> scope_of(const Ask& ask, std::string_view tenant) {
  auto control = ask.database.control();
  if (!control) return control.error();
  const bool by_id = Uuid::parse(tenant).has_value();
  auto rows = (*control)->query(
      by_id ? "SELECT t.id, t.slug, t.name, m.role FROM plumbline.memberships m JOIN plumbline.tenants t ON "
              "t.id = "
              "m.tenant_id WHERE m.user_id = $1 AND t.id = $2::uuid AND t.status <> 'erased'"
            : "SELECT t.id, t.slug, t.name, m.role FROM plumbline.memberships m JOIN plumbline.tenants t ON "
              "t.id = "
              "m.tenant_id WHERE m.user_id = $1 AND t.slug = $2 AND t.status <> 'erased'",
      {ask.caller.user.to_string(), tenant});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<Scope>();
  return std::optional(Scope{{Uuid::parse(rows->text(0, 0)).value_or(Uuid{})},
                             std::string(rows->text(0, 1)),
                             std::string(rows->text(0, 2)),
                             role_of(rows->text(0, 3)).value_or(Role::kViewer)});
}

Reply guarded(Ask& ask, const Match& match) {
  const Endpoint& endpoint = *match.endpoint;
  ask.parts = match.parts;
  if (endpoint.permission == kPublic) return endpoint.run(ask);
  auto caller = caller_of(ask);
  if (!caller) return caller.error();
  if (!*caller) return std::optional(signed_out());
  ask.caller = std::move(**caller);
  if (ask.caller.by_cookie && endpoint.method != "GET" &&
      !ask.service.tokens.is_csrf(ask.caller.session, ask.call.csrf)) {
    return std::optional(problem(403, "csrf", "The request may come from another site",
                                 "Send the header X-Plumbline-CSRF with the value of GET /api/v1/me."));
  }
  if (endpoint.permission == kSignedIn) return endpoint.run(ask);
  auto scope = scope_of(ask, ask.parts.front());
  if (!scope) return scope.error();
  if (!*scope) return std::optional(not_found());
  ask.scope = std::move(**scope);
  ask.parts.erase(ask.parts.begin());
  if (!may(ask.scope.role, endpoint.permission)) {
    return std::optional(problem(403, "forbidden", "Your role may not do this",
                                 "It needs the permission " + std::string(endpoint.permission) +
                                     "; you are " + std::string(to_string(ask.scope.role)) +
                                     ". An admin can change your role."));
  }
  return endpoint.run(ask);
}

}  // namespace

std::span<const Endpoint> endpoints() {
  return kTable;
}

Match match(std::string_view method, std::string_view path) {
  Match found;
  std::vector<std::string> parts;
  if (method == "HEAD") method = "GET";
  for (const Endpoint& endpoint : kTable) {
    if (!fits(endpoint.path, path, parts)) continue;
    if (endpoint.method == method) {
      found.endpoint = &endpoint;
      found.parts = std::move(parts);
      return found;
    }
    found.other_method = true;
  }
  return found;
}

std::optional<Answer> dispatch(Service& service, Database& database, const Call& call, const Match& match,
                               std::function<void(Answer)> later) {
  Ask ask{.service = service, .call = call, .database = database, .later = std::move(later)};
  Reply reply = guarded(ask, match);
  if (reply) return std::move(*reply);
  return answer_of(reply.error(), match.endpoint->path);
}

}  // namespace plumbline::console
