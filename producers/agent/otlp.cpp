// POST /v1/traces and /v1/logs: OTLP/HTTP as stock exporters send it (specification/protocol/otlp.md),
// answered in OTLP's own forms. docs/otlp.md says what becomes of a span.
#include <optional>

#include "core/otlp/answer.h"
#include "core/otlp/decode.h"
#include "core/otlp/events.h"
#include "producers/agent/listener.h"

namespace plumbline::agent {
namespace {

constexpr std::size_t kTextKept = std::size_t{2}
                                  << 20;  // of a request's events: more than a stock exporter's

class Otlp final : public Endpoint {
 public:
  Otlp(otlp::Signal signal, bool include_content, const Clock& clock)
      : signal_(signal), include_content_(include_content), clock_(clock) {}

  [[nodiscard]] const char* wanted_type(std::string_view content_type) const override {
    return otlp::encoding_of(content_type) ? nullptr : "send application/x-protobuf or application/json";
  }

  void take(Received received, Intake& intake, Answered answered) override {
    const auto encoding = otlp::encoding_of(received.content_type).value_or(otlp::Encoding::kJson);
    if (!writer_) writer_.emplace(intake.screen());  // one listener's thread has one intake
    if (Status read = otlp::decode(signal_, encoding, received.body, request_); !read)
      return answered(refused(read.error(), received.content_type));
    if (Status written = writer_->write(
            request_, {.include_content = include_content_, .received_at = clock_.now()}, events_);
        !written)
      return answered(refused(written.error(), received.content_type));
    if (events_.lines.empty()) return answered(done(encoding, {}));
    const std::string type(received.content_type);
    intake.take(events_, [this, encoding, type, answered = std::move(answered)](const Taken& taken) {
      // 503 is one of the codes that exporters try again on.
      if (!taken.status) return answered(problem(503, "", taken.status.error().message, type));
      answered(done(encoding, taken));
    });
    if (events_.text.capacity() > kTextKept) events_ = {};
  }

  [[nodiscard]] Answer problem(int status, std::string_view title, std::string_view detail,
                               std::string_view content_type) const override {
    const auto encoding = otlp::encoding_of(content_type).value_or(otlp::Encoding::kJson);
    const int code = status == 503   ? otlp::kUnavailable
                     : status == 403 ? otlp::kPermissionDenied
                                     : otlp::kInvalidArgument;
    return {status, std::string(otlp::content_type(encoding)), status == 503 ? "Retry-After: 5\r\n" : "",
            otlp::failure(encoding, code, detail.empty() ? title : detail)};
  }

 private:
  [[nodiscard]] Answer refused(const Error& error, std::string_view content_type) const {
    return problem(error.code == "too_large" ? 413 : 400, "", error.message, content_type);
  }
  Answer done(otlp::Encoding encoding, const Taken& taken) const {
    std::string why;
    if (!taken.refused.empty()) why = taken.refused.front().reason + ": " + taken.refused.front().detail;
    return {200, std::string(otlp::content_type(encoding)), "",
            otlp::success(signal_, encoding, static_cast<std::int64_t>(taken.refused.size()), why)};
  }

  otlp::Signal signal_;
  bool include_content_;
  const Clock& clock_;
  // The listener's thread's: their memory is used again.
  otlp::Request request_;
  otlp::EventLines events_;
  std::optional<otlp::EventWriter> writer_;
};

}  // namespace

void add_otlp_endpoints(Endpoints& endpoints, bool include_content, const Clock& clock) {
  endpoints.emplace("/v1/traces", std::make_shared<Otlp>(otlp::Signal::kTraces, include_content, clock));
  endpoints.emplace("/v1/logs", std::make_shared<Otlp>(otlp::Signal::kLogs, include_content, clock));
}

}  // namespace plumbline::agent
