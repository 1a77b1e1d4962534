// Sends reports to an edge as a client does, one signed request after another on one connection. Test and
// bench code only.
#pragma once
#include <memory>
#include <string>

#include "bench/load/http_load.h"
#include "core/crypto/hmac.h"
#include "core/time.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {

struct ReportLine {
  std::string repo;
  TimeUs time;
  std::string version;
  std::string violating_file;  // empty: the report passed

  // One event as a line of NDJSON, under a new id.
  [[nodiscard]] std::string text() const;
};

// Not thread-safe. Throws std::runtime_error when the edge is not there.
class ReportClient {
 public:
  ReportClient(int edge_port, const load::Signer& signer);
  // The status of the answer; 0: none came.
  int post(const std::string& lines);

 private:
  int port_;
  std::string key_id_;
  crypto::HmacKey key_;
  std::unique_ptr<test::RawHttp> http_;
};

}  // namespace plumbline::tests
