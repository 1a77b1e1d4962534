// Any bytes as an OTLP request: what is decoded becomes events that the schemas take, the same ones each
// time. An event that the screen lets pass is one that the edge takes and that redaction gives back as it is.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/codec/decoder.h"
#include "core/otlp/decode.h"
#include "core/otlp/events.h"
#include "core/redact/redactor.h"
#include "core/redact/span_screen.h"

namespace {

using namespace plumbline;

redact::Policy policy_of(bool include_content) {
  redact::Policy policy;
  policy.include_content = include_content;
  return policy;
}

// Writers remember names and values from request to request, as the agent's do.
struct Screened {
  explicit Screened(bool include_content) : policy(policy_of(include_content)) {}
  redact::Policy policy;
  redact::SpanScreen screen = *redact::SpanScreen::of(policy);
  otlp::EventWriter writer{&screen};
  redact::Redactor redactor{policy};
  otlp::EventLines lines;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static codec::Decoder decoder;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto signal = (data[0] & 1) != 0 ? otlp::Signal::kLogs : otlp::Signal::kTraces;
  const auto encoding = (data[0] & 2) != 0 ? otlp::Encoding::kJson : otlp::Encoding::kProtobuf;
  const auto request = otlp::decode(signal, encoding, body);
  if (!request) return 0;
  otlp::EventOptions options;
  options.include_content = (data[0] & 4) != 0;
  options.received_at = TimeUs{1'700'000'000'000'000};
  const auto events = otlp::events_of(*request, options), again = otlp::events_of(*request, options);
  if (events.ok() != again.ok()) std::abort();
  if (!events) return 0;
  for (std::size_t i = 0; i < events->size(); ++i) {
    const otlp::Event& event = (*events)[i];
    if (event.line != (*again)[i].line || event.id != (*again)[i].id) std::abort();
    if (event.line.find_first_of("\r\n") != std::string::npos) std::abort();
    if (event.line.size() > limits::kTraceBytesMax) continue;
    const auto taken = decoder.decode(event.line, codec::Endpoint::kTraces);
    if (!taken) __builtin_trap();
    if ((*taken)->id.to_string() != event.id || (*taken)->agent != event.agent) std::abort();
  }
  static Screened without(false), with(true);
  Screened& screened = options.include_content ? with : without;
  if (!screened.writer.write(*request, options, screened.lines).ok()) std::abort();
  if (screened.lines.lines.size() != events->size()) std::abort();
  for (std::size_t i = 0; i < events->size(); ++i) {
    const auto [begin, end, settled] = screened.lines.lines[i];
    const std::string line = screened.lines.text.substr(begin, end - begin);
    if (line != (*events)[i].line || screened.lines.text[end] != '\n') std::abort();
    if (!settled) continue;
    if (!decoder.decode(line, codec::Endpoint::kTraces)) __builtin_trap();
    if (screened.redactor.apply(line) != line) __builtin_trap();
  }
  return 0;
}
