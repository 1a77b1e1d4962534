#include "bench/agent/span_maker.h"

#include <string_view>

namespace plumbline::bench {
namespace {

// Protobuf's wire format, written (protobuf.dev, "Encoding").
void varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void bytes(std::string& out, std::uint32_t field, std::string_view value) {
  varint(out, field << 3 | 2);
  varint(out, value.size());
  out.append(value);
}

void fixed64(std::string& out, std::uint32_t field, std::uint64_t value) {
  varint(out, field << 3 | 1);
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

// KeyValue {key = 1, value = 2}, AnyValue {string_value = 1, int_value = 3}.
void text_attribute(std::string& out, std::uint32_t field, std::string_view key, std::string_view value) {
  std::string any, pair;
  bytes(any, 1, value);
  bytes(pair, 1, key);
  bytes(pair, 2, any);
  bytes(out, field, pair);
}

void number_attribute(std::string& out, std::uint32_t field, std::string_view key, std::uint64_t value) {
  std::string any, pair;
  varint(any, 3 << 3);
  varint(any, value);
  bytes(pair, 1, key);
  bytes(pair, 2, any);
  bytes(out, field, pair);
}

}  // namespace

void SpanMaker::make(TimeUs now, int spans, std::string& body) {
  const auto raw = [this](int words) {
    std::string id;
    for (int i = 0; i < words; ++i) {
      const std::uint64_t word = random_();
      id.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return id;
  };
  scope_.clear();
  std::string scope_name;
  bytes(scope_name, 1, "opentelemetry.instrumentation.openai");
  bytes(scope_, 1, scope_name);
  const std::string trace_id = raw(2), parent = raw(1);
  const std::string conversation = "conv_" + std::to_string(random_() % 1000000);
  for (int i = 0; i < spans; ++i) {
    span_.clear();
    bytes(span_, 1, trace_id);
    bytes(span_, 2, raw(1));
    bytes(span_, 4, parent);
    bytes(span_, 5, "chat gpt-5-mini");
    varint(span_, 6 << 3);  // kind: client
    varint(span_, 3);
    const auto start = static_cast<std::uint64_t>(now.value) * 1000 + static_cast<std::uint64_t>(i) * 1000;
    fixed64(span_, 7, start);
    fixed64(span_, 8, start + random_() % 2000000000);
    text_attribute(span_, 9, "gen_ai.operation.name", "chat");
    text_attribute(span_, 9, "gen_ai.provider.name", "openai");
    text_attribute(span_, 9, "gen_ai.request.model", "gpt-5-mini");
    text_attribute(span_, 9, "gen_ai.response.model", "gpt-5-mini-2026-08-07");
    text_attribute(span_, 9, "gen_ai.response.id", "chatcmpl-" + std::to_string(random_()));
    text_attribute(span_, 9, "gen_ai.conversation.id", conversation);
    text_attribute(span_, 9, "gen_ai.agent.name", "reviewer");
    text_attribute(span_, 9, "server.address", "api.openai.com");
    number_attribute(span_, 9, "server.port", 443);
    number_attribute(span_, 9, "gen_ai.usage.input_tokens", random_() % 20000);
    number_attribute(span_, 9, "gen_ai.usage.output_tokens", random_() % 2000);
    number_attribute(span_, 9, "gen_ai.request.max_tokens", 4096);
    bytes(scope_, 2, span_);
  }
  resource_.clear();
  std::string of;
  text_attribute(of, 1, "service.name", "bench-bot");
  text_attribute(of, 1, "telemetry.sdk.name", "opentelemetry");
  text_attribute(of, 1, "telemetry.sdk.language", "python");
  bytes(resource_, 1, of);
  bytes(resource_, 2, scope_);
  body.clear();
  bytes(body, 1, resource_);
}

}  // namespace plumbline::bench
