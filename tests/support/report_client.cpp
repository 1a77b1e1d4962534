#include "tests/support/report_client.h"

#include <stdexcept>

#include "core/clock.h"
#include "core/crypto/webhooks.h"
#include "core/uuid.h"

namespace plumbline::tests {
namespace {

crypto::HmacKey key_of(const load::Signer& signer) {
  const auto secret = crypto::parse_signing_secret(signer.secret.reveal());
  if (!secret) throw std::runtime_error("the signer's secret is not whsec_<base64>");
  return crypto::HmacKey(secret->reveal());
}

}  // namespace

std::string ReportLine::text() const {
  const bool passed = violating_file.empty();
  std::string line = R"({"id":")" + Uuid::random().to_string() + R"(","kind":"report","time":")" +
                     format_rfc3339(time) + R"(","agent":"ci","repo":")" + repo + R"(","commit":")" +
                     std::string(40, passed ? 'a' : 'b') + R"(","version":")" + version +
                     R"(","data":{"status":")" + (passed ? "PASS" : "FAIL") + R"(","failures":[)";
  if (!passed) {
    line += R"({"id":"ARCH_BOUNDARY","title":"Architectural Violation","severity":"high",)"
            R"("provenance":"traditional","files":[")" +
            violating_file + R"("]})";
  }
  return line + R"(],"stats":{"score":90}}})" + "\n";
}

ReportClient::ReportClient(int edge_port, const load::Signer& signer)
    : port_(edge_port), key_id_(signer.key_id), key_(key_of(signer)) {}

int ReportClient::post(const std::string& lines) {
  if (!http_) http_ = std::make_unique<test::RawHttp>(port_);
  std::string request;
  load::write_request(key_, {key_id_, "127.0.0.1", "/api/v1/reports", ""}, SystemClock().now(), lines,
                      request);
  const int status = http_->send(request) ? http_->receive().status : 0;
  if (status == 0) http_.reset();
  return status;
}

}  // namespace plumbline::tests
