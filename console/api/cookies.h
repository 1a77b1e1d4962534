// The cookies of a signed-in browser. HttpOnly always; Secure and a prefix where they go over https.
#pragma once
#include <string>

#include "console/api/service.h"
#include "console/api/sessions.h"

namespace plumbline::console {

// Set-Cookie lines, each ended by CRLF.
[[nodiscard]] std::string session_cookies(const Service& service, const OpenedSession& session);
[[nodiscard]] std::string no_session_cookies(const Service& service);
// Lives while somebody is at a provider.
[[nodiscard]] std::string flow_cookie_line(const Service& service, std::string_view value, int seconds);

// {"expires_at": ...} with the cookies.
[[nodiscard]] Answer signed_in(const Service& service, const OpenedSession& session);

// 429 with the time to wait; nullopt: go on.
[[nodiscard]] std::optional<Answer> too_many(Attempts& attempts, const std::string& key,
                                             const Service& service);

}  // namespace plumbline::console
