// What the two clients share of libcurl. Only core/transfer includes it.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include <curl/curl.h>

namespace plumbline::transfer {

struct CurlFree {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlFree>;
using CurlList = std::unique_ptr<curl_slist, CurlFree>;

// Throws std::runtime_error when libcurl can't start.
[[nodiscard]] CurlHandle new_handle();
// Milliseconds left, at least one: libcurl takes zero for "no limit".
[[nodiscard]] long left_ms(std::chrono::steady_clock::time_point deadline);
// Options of every transfer: no signals, no proxies, no redirects, a fresh connection, TLS 1.2 or newer.
void set_common(CURL* handle, std::chrono::steady_clock::time_point deadline, const std::string& ca_file);

}  // namespace plumbline::transfer
