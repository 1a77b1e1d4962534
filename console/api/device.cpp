// A command line that is let in by a code that a person types in the browser (RFC 8628).
#include <algorithm>

#include "console/api/body.h"
#include "console/api/client_sign_in.h"
#include "console/api/cookies.h"
#include "console/api/handlers.h"
#include "core/codec/json_writer.h"
#include "core/crypto/random.h"

namespace plumbline::console {
namespace {

constexpr int kLifeS = 600;
constexpr int kIntervalS = 3;
// RFC 8628, section 6.1: no vowels, so no words; 20^8 codes.
constexpr std::string_view kLetters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kUserCodeLetters = 8;

std::string random_user_code() {
  std::string code;
  while (code.size() < kUserCodeLetters) {
    const auto byte = static_cast<unsigned char>(crypto::random_bytes(1)[0]);
    if (byte < 240) code.push_back(kLetters[byte % kLetters.size()]);  // 240 = 12 * 20: no letter is likelier
  }
  return code;
}

// As kept: letters only, upper case.
std::string plain_code(std::string_view typed) {
  std::string code;
  for (const char c : typed) {
    if (c >= 'a' && c <= 'z') code.push_back(static_cast<char>(c - 'a' + 'A'));
    if (c >= 'A' && c <= 'Z') code.push_back(c);
  }
  return code;
}

}  // namespace

Reply start_device(Ask& ask) {
  if (auto wait = too_many(ask.service.by_address, ask.call.peer, ask.service)) return wait;
  if (form_value(ask.call.body, "client_id").value_or("") != kPlumbClient)
    return std::optional(oauth_error("invalid_client"));
  auto control = ask.database.control();
  if (!control) return control.error();
  auto swept =
      (*control)->query("DELETE FROM plumbline.sign_in_codes WHERE expires_at < now() - interval '1 hour'");
  if (!swept) return swept.error();
  const std::string device = random_token(), user_code = random_user_code();
  auto added = (*control)->query(
      "INSERT INTO plumbline.sign_in_codes (code_hash, kind, user_code, expires_at) VALUES ($1::bytea, "
      "'device', $2, "
      "now() + make_interval(secs => $3::int))",
      {hash_of_token(device), user_code, std::to_string(kLifeS)});
  if (!added) return added.error();
  const std::string shown = user_code.substr(0, 4) + "-" + user_code.substr(4);
  std::string body;
  codec::JsonWriter(body)
      .open_object()
      .member("device_code", device)
      .member("user_code", shown)
      .member("verification_uri", ask.service.public_url + "/device")
      .member("verification_uri_complete", ask.service.public_url + "/device?user_code=" + shown)
      .member("expires_in", kLifeS)
      .member("interval", kIntervalS)
      .close_object();
  return std::optional(json(std::move(body)));
}

Reply approve_device(Ask& ask) {
  if (auto wait = too_many(ask.service.by_user, ask.caller.user.to_string(), ask.service)) return wait;
  auto body = Body::read(ask.call, {"user_code", "deny"});
  if (!body) return body.error();
  auto typed = body->text("user_code", 8, 16);
  if (!typed) return typed.error();
  auto deny = body->boolean_or("deny", false);
  if (!deny) return deny.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  auto done = (*control)->query(
      "UPDATE plumbline.sign_in_codes SET user_id = $2, denied_at = CASE WHEN $3::boolean THEN now() END "
      "WHERE "
      "user_code = $1 AND kind = 'device' AND user_id IS NULL AND denied_at IS NULL AND expires_at > now()",
      {plain_code(*typed), ask.caller.user.to_string(), *deny ? "t" : "f"});
  if (!done) return done.error();
  if (done->affected() == 0) return std::optional(not_found());
  ask.service.by_user.forget(ask.caller.user.to_string());
  return std::optional(no_content());
}

Reply device_token(Ask& ask, pg::Connection& c) {
  const std::string hash = hash_of_token(form_value(ask.call.body, "device_code").value_or(""));
  auto rows = c.query(
      "UPDATE plumbline.sign_in_codes s SET polled_at = now(), used_at = CASE WHEN user_id IS NOT NULL AND "
      "denied_at IS "
      "NULL AND expires_at > now() THEN now() END FROM (SELECT code_hash, polled_at FROM "
      "plumbline.sign_in_codes WHERE "
      "code_hash = $1::bytea AND kind = 'device' AND used_at IS NULL FOR UPDATE) b WHERE s.code_hash = "
      "b.code_hash "
      "RETURNING s.user_id, s.denied_at IS NOT NULL, s.expires_at <= now(), coalesce(b.polled_at > now() - "
      "make_interval(secs => $2::int), false)",
      {hash, std::to_string(kIntervalS - 1)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional(oauth_error("invalid_grant"));
  if (rows->text(0, 2) == "t") return std::optional(oauth_error("expired_token"));
  if (rows->text(0, 1) == "t") return std::optional(oauth_error("access_denied"));
  if (!rows->is_null(0, 0)) return client_session(ask, c, Uuid::parse(rows->text(0, 0)).value_or(Uuid{}));
  return std::optional(oauth_error(rows->text(0, 3) == "t" ? "slow_down" : "authorization_pending"));
}

}  // namespace plumbline::console
