#include "producers/edge/doors.h"

#include <numeric>

#include "core/otlp/answer.h"
#include "core/outcome.h"

namespace plumbline::edge {
namespace {

constexpr std::string_view kSonarQubePath = "/api/v1/webhooks/sonarqube/";

// gRPC codes as google/rpc/code.proto maps them from HTTP's.
int rpc_code(int http_status) {
  switch (http_status) {
    case 401:
      return otlp::kUnauthenticated;
    case 403:
      return otlp::kPermissionDenied;
    case 429:
      return otlp::kResourceExhausted;
    case 503:
      return otlp::kUnavailable;
    default:
      return otlp::kInvalidArgument;
  }
}

}  // namespace

std::optional<OtlpForm> otlp_form(const http::RequestHead& head) {
  const std::string_view path = head.path();
  if (path != "/v1/traces" && path != "/v1/logs") return std::nullopt;
  const otlp::Signal signal = path == "/v1/traces" ? otlp::Signal::kTraces : otlp::Signal::kLogs;
  return OtlpForm{signal, otlp::encoding_of(head.field("content-type")).value_or(otlp::Encoding::kJson)};
}

std::optional<std::string_view> sonarqube_key(std::string_view path) {
  if (!path.starts_with(kSonarQubePath)) return std::nullopt;
  return path.substr(kSonarQubePath.size());
}

bool known_encoding(std::string_view encoding) {
  return encoding.empty() || http::equals_ignoring_case(encoding, "identity") ||
         http::equals_ignoring_case(encoding, "gzip") || http::equals_ignoring_case(encoding, "zstd");
}

Problem body_problem(const Error& error) {
  return {error.code == "too_large" || error.code == "too_many_items" ? 413 : 400, error.code,
          "The body can't be read", error.message};
}

std::string rejection_text(const RejectCounts& rejected) {
  std::string text;
  for (std::size_t i = 0; i < rejected.size(); ++i) {
    if (rejected[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text += to_word(static_cast<RejectReason>(i));
    text += ": " + std::to_string(rejected[i]);
  }
  return text;
}

std::string otlp_success(const OtlpForm& form, const RejectCounts& rejected) {
  const auto count = std::accumulate(rejected.begin(), rejected.end(), std::int64_t{0});
  return otlp::success(form.signal, form.encoding, count, rejection_text(rejected));
}

std::string otlp_failure(const OtlpForm& form, const Problem& problem) {
  std::string message(problem.title);
  message += ": ";
  message += problem.detail;
  return otlp::failure(form.encoding, rpc_code(problem.status), message);
}

}  // namespace plumbline::edge
