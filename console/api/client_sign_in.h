// Signing a command line in: what the device code and the loopback redirect share.
#pragma once
#include <string_view>

#include "console/api/service.h"

namespace plumbline::console {

// The one client: public, so it has no secret (RFC 8252, section 8.5).
inline constexpr std::string_view kPlumbClient = "plumb";

// RFC 6749, section 5.2.
[[nodiscard]] Answer oauth_error(std::string_view code);
// Opens a session of the client and answers with its tokens.
[[nodiscard]] Reply client_session(Ask& ask, pg::Connection& control, const Uuid& user);
// grant_type device_code.
[[nodiscard]] Reply device_token(Ask& ask, pg::Connection& control);

// Exact but for the port (RFC 8252, section 7.3): http://127.0.0.1:PORT/PATH or http://[::1]:PORT/PATH.
[[nodiscard]] bool is_loopback_redirect(std::string_view uri);

}  // namespace plumbline::console
