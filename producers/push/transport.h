// One request, as a seam: libcurl outside, a script in tests. Not thread-safe.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline::push {

struct Request {
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string_view body;
};

struct Response {
  int status = 0;           // 0: no answer
  std::string retry_after;  // the header's value
  std::string body;         // bounded
  std::string error;        // why there was no answer
  std::string date = {};    // the header's value: what the edge's clock says
};

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual Response post(const Request& request) = 0;
  // Without the body.
  [[nodiscard]] virtual Response get(const Request& request) = 0;
};

// Keeps its connection; follows no redirect; checks certificates against `ca_file` (PEM), or the system's
// when it is empty.
[[nodiscard]] std::unique_ptr<Transport> curl_transport(const std::string& ca_file);

}  // namespace plumbline::push
