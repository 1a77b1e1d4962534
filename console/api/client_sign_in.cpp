// A command line on the same machine as the browser: a code to its loopback address (RFC 8252), and the
// tokens for that code, for a device code or for a refresh token.
#include "console/api/client_sign_in.h"

#include <algorithm>

#include "console/api/cookies.h"
#include "console/api/handlers.h"
#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/crypto/sha256.h"

namespace plumbline::console {
namespace {

constexpr std::string_view kRequestContext = "plumbline|console|authorize|request";
constexpr std::int64_t kRequestLifeUs = 600'000'000;
constexpr const char* kCodeLifeS = "60";

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

// The user of the browser's session, as the table's guard finds it for other endpoints.
Result<std::optional<AccessClaims>> browser_session(Ask& ask, pg::Connection& c, std::string& email) {
  const auto claims = ask.service.tokens.verify_access(ask.call.cookie_value(session_cookie(ask.service)));
  if (!claims) return std::optional<AccessClaims>();
  auto rows = c.query(
      "SELECT u.email FROM plumbline.user_sessions s JOIN plumbline.users u ON u.id = s.user_id WHERE s.id = "
      "$1 AND "
      "s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL",
      {claims->session.to_string(), claims->user.to_string()});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<AccessClaims>();
  email = rows->text(0, 0);
  return claims;
}

Answer consent_page(const Service& service, const AccessClaims& who, std::string_view email,
                    std::string_view request) {
  Answer answer{.content_type = "text/html; charset=utf-8"};
  answer.body =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>Sign plumb in</title><h1>Let <code>plumb</code> on this "
      "computer act as " +
      html_text(email) +
      "?</h1><p>Only if you have just started <code>plumb auth login</code> yourself. It will be able to do "
      "what you can, "
      "until you sign out everywhere.</p><form method=\"post\" action=\"/auth/authorize\"><input "
      "type=\"hidden\" "
      "name=\"csrf\" value=\"" +
      service.tokens.csrf(who.session) + "\"><input type=\"hidden\" name=\"request\" value=\"" +
      std::string(request) + "\"><button>Let it in</button> <a href=\"/\">No</a></form></html>\n";
  // Browsers hold the redirect after a form to form-action, too.
  answer.fields =
      "Content-Security-Policy: default-src 'none'; form-action 'self' http://127.0.0.1:* http://[::1]:*; "
      "frame-ancestors 'none'; base-uri 'none'\r\n";
  return answer;
}

Reply code_token(Ask& ask, pg::Connection& c) {
  const auto field = [&ask](std::string_view name) { return form_value(ask.call.body, name).value_or(""); };
  auto rows = c.query(
      "UPDATE plumbline.sign_in_codes SET used_at = now() WHERE code_hash = $1::bytea AND kind = 'loopback' "
      "AND used_at IS "
      "NULL AND expires_at > now() RETURNING user_id, challenge, redirect_uri",
      {hash_of_token(field("code"))});
  if (!rows) return rows.error();
  if (rows->size() == 0 || rows->text(0, 1) != challenge_of(field("code_verifier")) ||
      rows->text(0, 2) != field("redirect_uri")) {
    return std::optional(oauth_error("invalid_grant"));
  }
  return client_session(ask, c, Uuid::parse(rows->text(0, 0)).value_or(Uuid{}));
}

Answer token_answer(const Service& service, const OpenedSession& session) {
  std::string body;
  codec::JsonWriter(body)
      .open_object()
      .member("access_token", service.tokens.make_access(session.user, session.session))
      .member("token_type", "Bearer")
      .member("expires_in", service.tokens.ttl().count())
      .member("refresh_token", session.refresh)
      .close_object();
  return json(std::move(body));
}

}  // namespace

bool is_loopback_redirect(std::string_view uri) {
  for (const std::string_view host :
       {std::string_view("http://127.0.0.1:"), std::string_view("http://[::1]:")}) {
    if (!uri.starts_with(host) || uri.size() > 500) continue;
    uri.remove_prefix(host.size());
    const auto slash = uri.find('/');
    const std::string_view port = uri.substr(0, slash);
    const auto plain = [](char c) {
      return c > ' ' && c < 0x7f && c != '#' && c != '?' && c != '"' && c != '<';
    };
    return slash != std::string_view::npos && !port.empty() && port.size() <= 5 &&
           std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
           std::all_of(uri.begin(), uri.end(), plain);
  }
  return false;
}

Answer oauth_error(std::string_view code) {
  std::string body;
  codec::JsonWriter(body).open_object().member("error", code).close_object();
  return json(std::move(body), 400);
}

Reply client_session(Ask& ask, pg::Connection& c, const Uuid& user) {
  auto session = open_session(c, user, "plumb", ask.service.config.session_ttl);
  if (!session) return session.error();
  ask.service.by_address.forget(ask.call.peer);
  return std::optional(token_answer(ask.service, *session));
}

Reply authorize_client(Ask& ask) {
  const auto given = [&ask](std::string_view name) { return ask.call.parameter(name).value_or(""); };
  const std::string redirect_uri = given("redirect_uri"), challenge = given("code_challenge"),
                    state = given("state");
  // Nothing is sent to a place that is not proven to be the client's.
  if (given("client_id") != kPlumbClient || !is_loopback_redirect(redirect_uri))
    return poison(
        "bad_request",
        "client_id must be plumb, redirect_uri http://127.0.0.1:PORT/PATH or http://[::1]:PORT/PATH");
  if (given("response_type") != "code" || given("code_challenge_method") != "S256" ||
      challenge.size() != 43 || !crypto::base64url_decode(challenge) || state.empty() || state.size() > 500) {
    return poison("bad_request",
                  "response_type must be code, code_challenge_method S256, and state be given");
  }
  auto control = ask.database.control();
  if (!control) return control.error();
  std::string email;
  auto who = browser_session(ask, **control, email);
  if (!who) return who.error();
  if (!*who)
    return std::optional(
        redirect("/sign-in?return_to=" + percent_encode("/auth/authorize?" + ask.call.query)));
  std::string request;
  codec::JsonWriter(request)
      .open_object()
      .member("session", (*who)->session.to_string())
      .member("redirect_uri", redirect_uri)
      .member("challenge", challenge)
      .member("state", state)
      .member("until", ask.service.clock.now().value + kRequestLifeUs)
      .close_object();
  return std::optional(
      consent_page(ask.service, **who, email,
                   crypto::base64url_encode(ask.service.sealer.seal(Secret(request), kRequestContext))));
}

Reply allow_client(Ask& ask) {
  auto control = ask.database.control();
  if (!control) return control.error();
  std::string email;
  auto who = browser_session(ask, **control, email);
  if (!who) return who.error();
  if (!*who) return std::optional(redirect("/sign-in"));
  const auto csrf = form_value(ask.call.body, "csrf").value_or("");
  const auto sealed = crypto::base64url_decode(form_value(ask.call.body, "request").value_or(""));
  if (!ask.service.tokens.is_csrf((*who)->session, csrf) || !sealed)
    return std::optional(
        problem(403, "csrf", "The request may come from another site", "Start again in plumb."));
  auto opened = ask.service.sealer.open(*sealed, kRequestContext);
  auto request = codec::JsonValue::parse(opened ? opened->reveal() : "");
  if (!request || (*request)["session"].text() != (*who)->session.to_string() ||
      (*request)["until"].number().value_or(0) < static_cast<double>(ask.service.clock.now().value)) {
    return poison("bad_request", "the request is too old; start again in plumb");
  }
  const std::string code = random_token();
  auto added = (*control)->query(
      "INSERT INTO plumbline.sign_in_codes (code_hash, kind, user_id, challenge, redirect_uri, expires_at) "
      "VALUES "
      "($1::bytea, 'loopback', $2, $3, $4, now() + make_interval(secs => $5::int))",
      {hash_of_token(code), (*who)->user.to_string(), (*request)["challenge"].text(),
       (*request)["redirect_uri"].text(), kCodeLifeS});
  if (!added) return added.error();
  return std::optional(redirect(std::string((*request)["redirect_uri"].text()) + "?code=" + code +
                                "&state=" + percent_encode((*request)["state"].text())));
}

Reply exchange_token(Ask& ask) {
  if (auto wait = too_many(ask.service.by_address, ask.call.peer, ask.service)) return wait;
  if (!ask.call.content_type.starts_with("application/x-www-form-urlencoded"))
    return std::optional(oauth_error("invalid_request"));
  if (form_value(ask.call.body, "client_id").value_or("") != kPlumbClient)
    return std::optional(oauth_error("invalid_client"));
  auto control = ask.database.control();
  if (!control) return control.error();
  const std::string grant = form_value(ask.call.body, "grant_type").value_or("");
  if (grant == "authorization_code") return code_token(ask, **control);
  if (grant == "urn:ietf:params:oauth:grant-type:device_code") return device_token(ask, **control);
  if (grant != "refresh_token") return std::optional(oauth_error("unsupported_grant_type"));
  auto session = refresh(**control, form_value(ask.call.body, "refresh_token").value_or(""), "plumb",
                         ask.service.config.refresh_grace);
  if (!session && session.error().code == "signed_out") return std::optional(oauth_error("invalid_grant"));
  if (!session) return session.error();
  return std::optional(token_answer(ask.service, *session));
}

}  // namespace plumbline::console
