#include "core/transfer/http.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <sys/socket.h>
#include <unistd.h>

#include "core/transfer/curl.h"

namespace plumbline::transfer {
namespace {

struct Url {
  std::string scheme, host;
  bool userinfo = false;
};

std::optional<Url> parts_of(const std::string& text) {
  const std::unique_ptr<CURLU, CurlFree> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  const auto part = [&](CURLUPart what) -> std::optional<std::string> {
    char* value = nullptr;
    if (curl_url_get(url.get(), what, &value, 0) != CURLUE_OK || value == nullptr) return std::nullopt;
    std::string copy(value);
    curl_free(value);
    return copy;
  };
  Url parts;
  parts.scheme = part(CURLUPART_SCHEME).value_or("");
  parts.host = part(CURLUPART_HOST).value_or("");
  parts.userinfo = part(CURLUPART_USER).has_value() || part(CURLUPART_PASSWORD).has_value();
  if (parts.host.size() > 2 && parts.host.front() == '[')
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  return parts;
}

// State of one transfer, which libcurl's callbacks fill.
struct Transfer {
  const Guard* guard = nullptr;  // null: trusted
  std::string host;
  std::string forbidden;  // the last address that the guard refused
  bool dialled = false;   // another one was not refused
  HttpResponse response;
};

curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.guard != nullptr) {
    const auto dialled = address_of(address->addr);
    const std::string_view why =
        dialled ? transfer.guard->refuses(transfer.host, *dialled) : "of no known family";
    if (!why.empty()) {
      transfer.forbidden = (dialled ? dialled->to_string() + " is " : "the address is ") + std::string(why);
      return CURL_SOCKET_BAD;
    }
  }
  transfer.dialled = true;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// What is over the bound is read and dropped, so that the answer still counts as whole.
std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
  std::string& body = static_cast<Transfer*>(context)->response.body;
  if (body.size() < kAnswerBytesMax) body.append(data, std::min(size, kAnswerBytesMax - body.size()));
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  constexpr std::string_view kName = "retry-after:";
  std::string_view line{data, size};
  if (line.size() < kName.size()) return size;
  for (std::size_t n = 0; n < kName.size(); ++n) {
    const char c = line[n] >= 'A' && line[n] <= 'Z' ? static_cast<char>(line[n] - 'A' + 'a') : line[n];
    if (c != kName[n]) return size;
  }
  line.remove_prefix(kName.size());
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' '))
    line.remove_suffix(1);
  static_cast<Transfer*>(context)->response.retry_after = parse_retry_after(line, std::time(nullptr));
  return size;
}

// Nothing of the request can have left while the connection was still being made.
bool never_left(CURL* handle, CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return true;
    default:
      break;
  }
  curl_off_t pretransfer = 0;
  curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
  long request_bytes = 0;
  curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &request_bytes);
  return pretransfer == 0 && request_bytes == 0;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, std::int64_t now_s) {
  // Longer pauses are the caller's to bound; this only keeps the arithmetic safe.
  constexpr std::int64_t kSecondsMax = 366LL * 86400;
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, seconds);
      read.ec == std::errc{} && read.ptr == end) {
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, kSecondsMax));
  }
  const std::time_t at = curl_getdate(std::string(text).c_str(), nullptr);
  if (at < 0) return std::nullopt;
  return std::chrono::seconds(std::clamp<std::int64_t>(at - now_s, 0, kSecondsMax));
}

std::string url_refusal(const std::string& url, const Guard& guard) {
  const auto parts = parts_of(url);
  if (!parts || parts->host.empty()) return "it is no URL with a host";
  if (parts->userinfo) return "it has a user name or password in it";
  if (parts->scheme == "https") return "";
  if (parts->scheme != "http") return "its scheme is neither https nor http";
  const auto literal = parse_address(parts->host);
  const bool listed = guard.allows_host(parts->host) || (literal && !special_purpose(*literal).empty() &&
                                                         guard.refuses(parts->host, *literal).empty());
  return listed ? "" : "plain http goes only to hosts of notify.allow_hosts or notify.allow_cidrs; use https";
}

struct HttpClient::Impl {
  Guard guard;
  std::string ca_file;
  CurlHandle handle = new_handle();
};

HttpClient::HttpClient(Guard guard, const std::string& ca_file) : impl_(std::make_unique<Impl>()) {
  impl_->guard = std::move(guard);
  impl_->ca_file = ca_file;
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpResponse HttpClient::get(const HttpRequest& request, std::chrono::steady_clock::time_point deadline) {
  return send(request, false, deadline);
}

HttpResponse HttpClient::post(const HttpRequest& request, std::chrono::steady_clock::time_point deadline) {
  return send(request, true, deadline);
}

HttpResponse HttpClient::send(const HttpRequest& request, bool post,
                              std::chrono::steady_clock::time_point deadline) {
  Transfer transfer;
  if (!request.trusted) {
    transfer.guard = &impl_->guard;
    if (std::string why = url_refusal(request.url, impl_->guard); !why.empty()) {
      transfer.response.fate = Fate::kForbidden;
      transfer.response.error = "the URL is refused: " + why;
      return std::move(transfer.response);
    }
  }
  const auto parts = parts_of(request.url);
  transfer.host = parts ? parts->host : "";
  CURL* h = impl_->handle.get();
  curl_easy_reset(h);
  set_common(h, deadline, impl_->ca_file);
  CurlList headers(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& header : request.headers)
    headers = CurlList(curl_slist_append(headers.release(), header.c_str()));
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(h, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(h, CURLOPT_USERAGENT, "plumbline");
  if (post) {
    curl_easy_setopt(h, CURLOPT_POST, 1L);
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  } else {
    curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
  }
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(h, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(h, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error);
  const CURLcode code = curl_easy_perform(h);
  HttpResponse& response = transfer.response;
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    response.fate = Fate::kAnswered;
    response.status = static_cast<int>(status);
  } else if (!transfer.forbidden.empty() && !transfer.dialled && code == CURLE_COULDNT_CONNECT) {
    response.fate = Fate::kForbidden;
    response.error = transfer.host + ": " + transfer.forbidden +
                     "; notify.allow_hosts or notify.allow_cidrs may permit it";
  } else {
    response.fate = never_left(h, code) ? Fate::kNotSent : Fate::kUnknown;
    response.error = transfer.host + ": " + (*error != '\0' ? error : curl_easy_strerror(code));
  }
  curl_easy_reset(h);
  return std::move(transfer.response);
}

}  // namespace plumbline::transfer
