#include "console/api/sessions.h"

#include "console/api/tokens.h"
#include "core/telemetry/logging.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::console {
namespace {

// Ended sessions are kept for a week, to tell an old token from an unknown one.
constexpr const char* kSweep =
    "DELETE FROM plumbline.user_sessions WHERE expires_at < now() - interval '7 days'";

Result<std::string> add_token(pg::Connection& c, const Uuid& session) {
  std::string token = random_token();
  auto added = c.query("INSERT INTO plumbline.refresh_tokens (token_hash, session_id) VALUES ($1::bytea, $2)",
                       {hash_of_token(token), session.to_string()});
  if (!added) return added.error();
  return token;
}

Error signed_out() {
  return poison("signed_out", "the refresh token is not valid any more");
}

}  // namespace

Result<OpenedSession> open_session(pg::Connection& c, const Uuid& user, std::string_view client,
                                   std::chrono::milliseconds ttl) {
  const Uuid session = Uuid::random();
  const std::string seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(ttl).count());
  if (auto swept = c.query(kSweep); !swept) return swept.error();
  auto added = c.query(
      "INSERT INTO plumbline.user_sessions (id, user_id, client, expires_at) VALUES ($1, $2, $3, now() + "
      "make_interval(secs => $4::int))",
      {session.to_string(), user.to_string(), client, seconds});
  if (!added) return added.error();
  auto seen = c.query("UPDATE plumbline.users SET last_sign_in_at = now() WHERE id = $1", {user.to_string()});
  if (!seen) return seen.error();
  auto token = add_token(c, session);
  if (!token) return token.error();
  return OpenedSession{user, session, std::move(*token)};
}

Result<OpenedSession> refresh(pg::Connection& c, std::string_view token, std::string_view client,
                              std::chrono::milliseconds grace) {
  const std::string hash = hash_of_token(token), grace_ms = std::to_string(grace.count());
  bool stolen = false;
  std::string session_id;
  auto done = postgres::in_transaction(c, [&]() -> Result<OpenedSession> {
    auto rows = c.query(
        "SELECT s.id, s.user_id, coalesce(t.used_at < now() - make_interval(secs => $2::double precision / "
        "1000), false) "
        "FROM plumbline.refresh_tokens t JOIN plumbline.user_sessions s ON s.id = t.session_id JOIN "
        "plumbline.users u ON "
        "u.id = s.user_id WHERE t.token_hash = $1::bytea AND s.client = $3 AND s.ended_at IS NULL AND "
        "s.expires_at > "
        "now() AND u.disabled_at IS NULL FOR UPDATE OF t, s",
        {hash, grace_ms, client});
    if (!rows) return rows.error();
    if (rows->size() == 0) return signed_out();
    session_id = rows->text(0, 0);
    OpenedSession next{Uuid::parse(rows->text(0, 1)).value_or(Uuid{}),
                       Uuid::parse(session_id).value_or(Uuid{}), ""};
    stolen = rows->text(0, 2) == "t";
    if (stolen) return next;
    auto used = c.query(
        "UPDATE plumbline.refresh_tokens SET used_at = coalesce(used_at, clock_timestamp()) WHERE token_hash "
        "= "
        "$1::bytea",
        {hash});
    if (!used) return used.error();
    auto seen =
        c.query("UPDATE plumbline.user_sessions SET refreshed_at = now() WHERE id = $1", {session_id});
    if (!seen) return seen.error();
    auto made = add_token(c, next.session);
    if (!made) return made.error();
    next.refresh = std::move(*made);
    return next;
  });
  if (!done || !stolen) return done;
  telemetry::warn("refresh_token_reused", {{"session", std::string_view(session_id)}});
  if (Status ended = end_session(c, done->session, "reuse"); !ended) return ended.error();
  return signed_out();
}

Status end_session(pg::Connection& c, const Uuid& session, std::string_view why) {
  auto done = c.query(
      "UPDATE plumbline.user_sessions SET ended_at = now(), ended_why = $2 WHERE id = $1 AND ended_at IS "
      "NULL",
      {session.to_string(), why});
  return done ? ok_status() : Status(done.error());
}

Status end_sessions_of(pg::Connection& c, const Uuid& user, std::string_view why) {
  auto done = c.query(
      "UPDATE plumbline.user_sessions SET ended_at = now(), ended_why = $2 WHERE user_id = $1 AND ended_at "
      "IS NULL",
      {user.to_string(), why});
  return done ? ok_status() : Status(done.error());
}

}  // namespace plumbline::console
