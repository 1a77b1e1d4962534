// Sessions of people as rows: each is a family of refresh tokens. On a connection as plumbline_control.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/uuid.h"

namespace plumbline::console {

struct OpenedSession {
  Uuid user;
  Uuid session;
  std::string refresh;  // the token itself: given to the client, kept nowhere
};

// `client`: browser or plumb. In the caller's transaction, or alone.
[[nodiscard]] Result<OpenedSession> open_session(pg::Connection& control, const Uuid& user,
                                                 std::string_view client, std::chrono::milliseconds ttl);
// The next refresh token. Poison "signed_out" when the token is unknown, its session has ended, or it was
// used longer than `grace` ago: that ends the session for everybody who holds a token of it.
[[nodiscard]] Result<OpenedSession> refresh(pg::Connection& control, std::string_view token,
                                            std::string_view client, std::chrono::milliseconds grace);
[[nodiscard]] Status end_session(pg::Connection& control, const Uuid& session, std::string_view why);
[[nodiscard]] Status end_sessions_of(pg::Connection& control, const Uuid& user, std::string_view why);

}  // namespace plumbline::console
