#include "console/api/cookies.h"

#include "console/api/handlers.h"
#include "core/codec/json_writer.h"

namespace plumbline::console {
namespace {

std::string line(const Service& service, std::string_view name, std::string_view value, std::string_view path,
                 std::string_view same_site, std::int64_t seconds) {
  std::string out = "Set-Cookie: ";
  out.append(name).append("=").append(value).append("; Path=").append(path);
  out.append("; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=").append(same_site);
  if (service.secure) out += "; Secure";
  return out + "\r\n";
}

}  // namespace

// __Host- wants the path /; the other two are sent to /auth/ only.
std::string_view session_cookie(const Service& service) {
  return service.secure ? "__Host-plumbline_session" : "plumbline_session";
}
std::string_view refresh_cookie(const Service& service) {
  return service.secure ? "__Secure-plumbline_refresh" : "plumbline_refresh";
}
std::string_view flow_cookie(const Service& service) {
  return service.secure ? "__Secure-plumbline_flow" : "plumbline_flow";
}

std::string session_cookies(const Service& service, const OpenedSession& session) {
  return line(service, session_cookie(service), service.tokens.make_access(session.user, session.session),
              "/", "Lax", service.tokens.ttl().count()) +
         line(service, refresh_cookie(service), session.refresh, "/auth/", "Strict",
              std::chrono::ceil<std::chrono::seconds>(service.config.session_ttl).count());
}

std::string no_session_cookies(const Service& service) {
  return line(service, session_cookie(service), "", "/", "Lax", 0) +
         line(service, refresh_cookie(service), "", "/auth/", "Strict", 0);
}

std::string flow_cookie_line(const Service& service, std::string_view value, int seconds) {
  // Lax: the provider's redirect back comes from another site.
  return line(service, flow_cookie(service), value, "/auth/", "Lax", seconds);
}

Answer signed_in(const Service& service, const OpenedSession& session) {
  std::string body;
  codec::JsonWriter(body)
      .open_object()
      .member("expires_at", format_rfc3339({service.clock.now().value +
                                            std::chrono::microseconds(service.tokens.ttl()).count()}))
      .close_object();
  Answer answer = json(std::move(body));
  answer.fields = session_cookies(service, session);
  return answer;
}

std::optional<Answer> too_many(Attempts& attempts, const std::string& key, const Service& service) {
  const auto wait = attempts.count(key, service.clock.monotonic());
  if (wait.count() == 0) return std::nullopt;
  Answer answer = problem(429, "too_many", "Too many attempts", "Try again later.");
  answer.fields = "Retry-After: " + std::to_string(wait.count()) + "\r\n";
  return answer;
}

}  // namespace plumbline::console
