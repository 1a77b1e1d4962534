#include "producers/push/transport.h"

#include <cctype>
#include <stdexcept>
#include <utility>

#include <curl/curl.h>

#include "producers/push/document.h"

namespace plumbline::push {
namespace {

constexpr std::size_t kReplyBytesMax = std::size_t{4} << 20;  // 500 rejections are far less
constexpr long kConnectTimeoutMs = 10000;
constexpr long kStallSeconds = 60;  // the edge answers within its ack wait, 10 s by default

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& response = *static_cast<Response*>(context);
  if (response.body.size() + size > kReplyBytesMax) return 0;
  response.body.append(data, size);
  return size;
}

bool begins_with_name(std::string_view line, std::string_view name) {
  if (line.size() < name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(line[i])) != name[i]) return false;
  }
  return true;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& response = *static_cast<Response*>(context);
  const std::pair<std::string_view, std::string*> wanted[] = {{"retry-after:", &response.retry_after},
                                                              {"date:", &response.date}};
  const std::string_view line{data, size};
  for (const auto& [name, into] : wanted) {
    if (begins_with_name(line, name)) *into = without_outer_space(line.substr(name.size()));
  }
  return size;
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(const std::string& ca_file) : handle_(curl_easy_init()) {
    if (handle_ == nullptr) throw std::bad_alloc();
    CURL* h = handle_.get();
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "plumb/" PLUMBLINE_VERSION);
    if (!ca_file.empty()) curl_easy_setopt(h, CURLOPT_CAINFO, ca_file.c_str());
  }

  Response post(const Request& request) override {
    CURL* h = handle_.get();
    curl_easy_setopt(h, CURLOPT_POST, 1L);
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    return send(request);
  }

  Response get(const Request& request) override {
    curl_easy_setopt(handle_.get(), CURLOPT_HTTPGET, 1L);
    return send(request);
  }

 private:
  Response send(const Request& request) {
    Response response;
    curl_slist* list = curl_slist_append(nullptr, "Expect:");  // a batch is small: no extra round trip
    for (const std::string& header : request.headers) list = curl_slist_append(list, header.c_str());
    const std::unique_ptr<curl_slist, CurlFree> headers(list);
    CURL* h = handle_.get();
    char error[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(h, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &response);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, &response);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, error);
    const CURLcode code = curl_easy_perform(h);
    if (code == CURLE_OK) {
      long status = 0;
      curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
      response.status = static_cast<int>(status);
    } else {
      response.error = *error != '\0' ? error : curl_easy_strerror(code);
    }
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, nullptr);
    return response;
  }

  std::unique_ptr<CURL, CurlFree> handle_;
};

}  // namespace

std::unique_ptr<Transport> curl_transport(const std::string& ca_file) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) throw std::runtime_error("libcurl can't start");
  return std::make_unique<CurlTransport>(ca_file);
}

}  // namespace plumbline::push
