// Who is signed in; one-time links; refresh; sign-out.
#include "console/api/body.h"
#include "console/api/cookies.h"
#include "console/api/handlers.h"
#include "console/api/people.h"
#include "console/api/providers.h"
#include "core/codec/json_writer.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::console {
namespace {

// A page of another site can neither set the header nor hide where it comes from.
std::optional<Answer> foreign_page(const Call& call) {
  const bool same = call.fetch_site.empty() || call.fetch_site == "same-origin" || call.fetch_site == "none";
  if (same && !call.csrf.empty()) return std::nullopt;
  return problem(403, "csrf", "The request may come from another site",
                 "Send the header X-Plumbline-CSRF; any value will do here.");
}

Answer link_is_over() {
  return problem(
      401, "link", "This link is not valid any more",
      "It works once and for a limited time. Ask for a new one: an admin invites again, an operator runs "
      "`plumbline console setup-link`.");
}

void write_membership(codec::JsonWriter& out, const pg::Rows& rows, int row) {
  const Role role = role_of(rows.text(row, 3)).value_or(Role::kViewer);
  out.open_object().key("tenant").open_object();
  out.member("id", rows.text(row, 0)).member("slug", rows.text(row, 1)).member("name", rows.text(row, 2));
  out.close_object().member("role", to_string(role)).key("permissions").open_array();
  for (const Permission& permission : permissions()) {
    if (may(role, permission.name)) out.text(permission.name);
  }
  out.close_array().close_object();
}

}  // namespace

Reply get_me(Ask& ask) {
  auto control = ask.database.control();
  if (!control) return control.error();
  auto rows = (*control)->query(
      "SELECT t.id, t.slug, t.name, m.role FROM plumbline.memberships m JOIN plumbline.tenants t ON t.id = "
      "m.tenant_id "
      "WHERE m.user_id = $1 AND t.status <> 'erased' ORDER BY t.name, t.slug",
      {ask.caller.user.to_string()});
  if (!rows) return rows.error();
  std::string body;
  codec::JsonWriter out(body);
  out.open_object().key("user").open_object();
  out.member("id", ask.caller.user.to_string())
      .member("email", ask.caller.email)
      .member("name", ask.caller.name);
  out.close_object().member("csrf", ask.service.tokens.csrf(ask.caller.session));
  out.member("expires_at", format_rfc3339(ask.caller.expires_at)).key("memberships").open_array();
  for (int i = 0; i < rows->size(); ++i) write_membership(out, *rows, i);
  out.close_array().close_object();
  return std::optional(json(std::move(body)));
}

Reply get_sign_in(Ask& ask) {
  auto control = ask.database.control();
  if (!control) return control.error();
  auto rows = (*control)->query(
      "SELECT EXISTS (SELECT FROM plumbline.setup_links WHERE used_at IS NULL AND expires_at > now())");
  if (!rows) return rows.error();
  std::string body;
  codec::JsonWriter out(body);
  out.open_object().key("providers").open_array();
  for (const Provider& provider : ask.service.providers->all())
    out.open_object().member("id", provider.id).member("name", provider.name).close_object();
  out.close_array().key("setup_available").boolean(rows->text(0, 0) == "t").close_object();
  return std::optional(json(std::move(body)));
}

Reply use_setup_link(Ask& ask) {
  if (auto foreign = foreign_page(ask.call)) return foreign;
  if (auto wait = too_many(ask.service.by_address, ask.call.peer, ask.service)) return wait;
  auto body = Body::read(ask.call, {"token", "name"});
  if (!body) return body.error();
  auto token = body->text("token", 1, 200);
  if (!token) return token.error();
  auto name = body->text_or("name", "", 200);
  if (!name) return name.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  auto user = use_link(**control, *token, *name);
  if (!user && user.error().code == "link") return std::optional(link_is_over());
  if (!user) return user.error();
  auto session = open_session(**control, *user, "browser", ask.service.config.session_ttl);
  if (!session) return session.error();
  ask.service.by_address.forget(ask.call.peer);
  return std::optional(signed_in(ask.service, *session));
}

Reply refresh_session(Ask& ask) {
  if (auto foreign = foreign_page(ask.call)) return foreign;
  if (auto wait = too_many(ask.service.by_address, ask.call.peer, ask.service)) return wait;
  const std::string_view token = ask.call.cookie_value(refresh_cookie(ask.service));
  auto control = ask.database.control();
  if (!control) return control.error();
  auto session = refresh(**control, token, "browser", ask.service.config.refresh_grace);
  if (!session && session.error().code == "signed_out") {
    Answer answer = problem(401, "signed_out", "Nobody is signed in", "Sign in again.");
    answer.fields = no_session_cookies(ask.service);
    return std::optional(std::move(answer));
  }
  if (!session) return session.error();
  ask.service.by_address.forget(ask.call.peer);
  return std::optional(signed_in(ask.service, *session));
}

Reply sign_out(Ask& ask) {
  auto body = Body::read(ask.call, {"everywhere"});
  if (!body) return body.error();
  auto everywhere = body->boolean_or("everywhere", false);
  if (!everywhere) return everywhere.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  const Status ended = *everywhere ? end_sessions_of(**control, ask.caller.user, "everywhere")
                                   : end_session(**control, ask.caller.session, "signed_out");
  if (!ended) return ended.error();
  Answer answer = no_content();
  answer.fields = no_session_cookies(ask.service);
  return std::optional(std::move(answer));
}

}  // namespace plumbline::console
