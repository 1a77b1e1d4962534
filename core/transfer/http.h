// HTTP requests to addresses that tenants name: one attempt, bounded in time and size, guarded against
// reaching inside (address.h). No redirects, no proxies, no cookies; TLS 1.2 or newer, verified. A connection
// is never used twice: libcurl sends a request again by itself when a kept connection turns out dead, and a
// second copy that nobody knows of must not leave.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/transfer/address.h"

namespace plumbline::transfer {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "name: value", without line ends
  std::string body = {};             // sent by POST
  // The installation's own choice, not a tenant's: neither the address nor the scheme is looked at.
  bool trusted = false;
};

enum class Fate : std::uint8_t {
  kAnswered,   // `status` and what follows are set
  kForbidden,  // the guard refused it; nothing was dialled, or nothing was sent
  kNotSent,    // no connection, or none that could be trusted: the request never left
  kUnknown,    // it left (or may have) and no whole answer came
};

struct HttpResponse {
  Fate fate = Fate::kNotSent;
  int status = 0;
  std::optional<std::chrono::milliseconds> retry_after;  // Retry-After as seconds or as a date
  std::string body;                                      // at most kAnswerBytesMax, then cut
  std::string error;  // one line; names host and reason, never path or query
};

// What is read of an answer: error documents of the services spoken to are far shorter.
inline constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 10;

// Why a URL may not be used, whatever its host resolves to: scheme, userinfo, no host; "" when it may. Plain
// http only to hosts and addresses that the guard lists.
[[nodiscard]] std::string url_refusal(const std::string& url, const Guard& guard);

// Not thread-safe: one for each thread.
class HttpClient {
 public:
  // `ca_file`: PEM instead of the system's; "" for those.
  explicit HttpClient(Guard guard, const std::string& ca_file = "");
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  [[nodiscard]] HttpResponse get(const HttpRequest& request, std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] HttpResponse post(const HttpRequest& request, std::chrono::steady_clock::time_point deadline);

 private:
  HttpResponse send(const HttpRequest& request, bool post, std::chrono::steady_clock::time_point deadline);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Retry-After (RFC 9110, section 10.2.3) as a pause from `now_s` (Unix seconds); nullopt: neither form.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                                         std::int64_t now_s);

}  // namespace plumbline::transfer
