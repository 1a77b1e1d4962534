#include <bit>
#include <cmath>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "core/codec/decoder.h"
#include "core/codec/json_value.h"
#include "core/limits.h"
#include "core/otlp/answer.h"
#include "core/otlp/decode.h"
#include "core/otlp/events.h"

namespace plumbline::otlp {
namespace {

// A protobuf message, built field by field.
struct Message {
  std::string bytes;
  Message& varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
    bytes += static_cast<char>(value);
    return *this;
  }
  Message& number(std::uint32_t field, std::uint64_t value) {
    return varint(std::uint64_t{field} << 3).varint(value);
  }
  Message& fixed64(std::uint32_t field, std::uint64_t value) {
    varint((std::uint64_t{field} << 3) | 1);
    for (int n = 0; n < 8; ++n) bytes += static_cast<char>(value >> (8 * n));
    return *this;
  }
  Message& text(std::uint32_t field, std::string_view value) {
    varint((std::uint64_t{field} << 3) | 2).varint(value.size());
    bytes += value;
    return *this;
  }
  Message& message(std::uint32_t field, const Message& value) { return text(field, value.bytes); }
};

Message pair(std::string_view key, const Message& value) {
  return Message().text(1, key).message(2, value);
}
Message text_value(std::string_view text) {
  return Message().text(1, text);
}

std::string protobuf_request() {
  Message span;
  span.text(1, std::string(16, '\x5b')).text(2, std::string(8, '\x0f')).text(4, std::string(8, '\0'));
  span.text(5, "chat gpt-5").number(6, 3).fixed64(7, 1790000000000000000).fixed64(8, 1790000001500000000);
  span.message(9, pair("gen_ai.system", text_value("openai")));
  span.message(9, pair("gen_ai.operation.name", text_value("chat")));
  span.message(9, pair("gen_ai.request.model", text_value("gpt-5")));
  span.message(9, pair("gen_ai.usage.prompt_tokens", Message().number(3, 1024)));
  span.message(9, pair("gen_ai.usage.output_tokens", Message().number(3, 87)));
  span.message(9, pair("gen_ai.conversation.id", text_value("conv-1")));
  span.message(9, pair("gen_ai.input.messages", text_value("my password is hunter2")));
  span.message(9, pair("temperature", Message().fixed64(4, std::bit_cast<std::uint64_t>(0.5))));
  span.message(9, pair("stops", Message().message(
                                    5, Message().message(1, text_value("a")).message(1, text_value("b")))));
  span.message(
      9, pair("flags", Message().message(6, Message().message(1, pair("deep", Message().number(2, 1))))));
  span.message(9, pair("temperature", text_value("again")));
  span.message(11, Message()
                       .fixed64(1, 1790000000700000000)
                       .text(2, "retry")
                       .message(3, pair("n", Message().number(3, 1))));
  span.message(15, Message().text(2, "secret failure").number(3, 2));
  span.number(99, 7).fixed64(98, 1);  // fields to come
  const Message resource = Message().message(1, pair("service.name", text_value("support-bot")));
  const Message scope =
      Message().message(1, Message().text(1, "instrumentation").text(2, "1.0")).message(2, span);
  return Message().message(1, Message().message(1, resource).message(2, scope)).bytes;
}

constexpr std::string_view kJsonRequest = R"({"resourceSpans":[{"resource":{"attributes":[
   {"key":"service.name","value":{"stringValue":"support-bot"}}]},"scopeSpans":[{"scope":{"name":"instrumentation","version":"1.0"},
   "spans":[{"traceId":"5B5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b","spanId":"0f0f0f0f0f0f0f0f","parentSpanId":"","name":"chat gpt-5",
   "kind":3,"startTimeUnixNano":"1790000000000000000","endTimeUnixNano":"1790000001500000000","attributes":[
   {"key":"gen_ai.system","value":{"stringValue":"openai"}},{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
   {"key":"gen_ai.request.model","value":{"stringValue":"gpt-5"}},{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"1024"}},
   {"key":"gen_ai.usage.output_tokens","value":{"intValue":87}},{"key":"gen_ai.conversation.id","value":{"stringValue":"conv-1"}},
   {"key":"gen_ai.input.messages","value":{"stringValue":"my password is hunter2"}},{"key":"temperature","value":{"doubleValue":0.5}},
   {"key":"stops","value":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}},
   {"key":"flags","value":{"kvlistValue":{"values":[{"key":"deep","value":{"boolValue":true}}]}}},
   {"key":"temperature","value":{"stringValue":"again"}}],
   "events":[{"timeUnixNano":"1790000000700000000","name":"retry","attributes":[{"key":"n","value":{"intValue":"1"}}]}],
   "status":{"message":"secret failure","code":2},"unknownField":1}]}]}]})";

std::vector<Event> events(Signal signal, Encoding encoding, std::string_view body, bool content = false) {
  const auto request = decode(signal, encoding, body);
  EXPECT_TRUE(request.ok()) << request.error().message;
  if (!request) return {};
  auto made = events_of(*request, {.include_content = content, .received_at = {1790000000000000}});
  EXPECT_TRUE(made.ok());
  if (!made) return {};
  codec::Decoder decoder;
  for (const Event& event : *made) {
    const auto decoded = decoder.decode(event.line, codec::Endpoint::kTraces);
    EXPECT_TRUE(decoded.ok()) << decoded.error().message << "\n" << event.line;
  }
  return std::move(*made);
}

TEST(Otlp, ASpanIsLiftedAlikeFromBothEncodings) {
  const auto from_json = events(Signal::kTraces, Encoding::kJson, kJsonRequest);
  const auto from_protobuf = events(Signal::kTraces, Encoding::kProtobuf, protobuf_request());
  ASSERT_EQ(from_json.size(), 1U);
  ASSERT_EQ(from_protobuf.size(), 1U);
  EXPECT_EQ(from_json[0].line, from_protobuf[0].line);
  const auto line = codec::JsonValue::parse(from_json[0].line);
  ASSERT_TRUE(line.ok());
  const auto& event = *line;
  EXPECT_EQ(event["kind"].text(), "span");
  EXPECT_EQ(event["agent"].text(), "support-bot");
  EXPECT_EQ(event["session"].text(), "conv-1");
  EXPECT_EQ(event["time"].text(), "2026-09-21T14:13:20.000000Z");
  const auto& data = event["data"];
  EXPECT_EQ(data["trace_id"].text(), "5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b");
  EXPECT_EQ(data["span_id"].text(), "0f0f0f0f0f0f0f0f");
  EXPECT_FALSE(data.has("parent_span_id")) << "zeros and nothing are no parent";
  EXPECT_EQ(data["span_kind"].text(), "client");
  EXPECT_EQ(data["status"].text(), "error");
  EXPECT_EQ(data["duration_us"].number(), 1500000);
  EXPECT_EQ(data["provider"].text(), "openai") << "the deprecated gen_ai.system";
  EXPECT_EQ(data["input_tokens"].number(), 1024) << "the deprecated prompt_tokens";
  EXPECT_EQ(data["output_tokens"].number(), 87);
  EXPECT_EQ(data["attributes"]["temperature"].number(), 0.5) << "the first of a repeated key";
  EXPECT_EQ(data["attributes"]["stops"].at(1).text(), "b");
  EXPECT_EQ(data["attributes"]["flags"]["deep"].boolean(), true);
  EXPECT_FALSE(data["attributes"].has("gen_ai.operation.name")) << "what is lifted is not said twice";
  EXPECT_EQ(data["events"].at(0)["name"].text(), "retry");
}

TEST(Otlp, ContentStaysBehindUnlessOptedIn) {
  const std::string without = events(Signal::kTraces, Encoding::kJson, kJsonRequest)[0].line;
  EXPECT_EQ(without.find("hunter2"), std::string::npos);
  EXPECT_EQ(without.find("secret failure"), std::string::npos);
  const std::string with = events(Signal::kTraces, Encoding::kJson, kJsonRequest, true)[0].line;
  EXPECT_NE(with.find("hunter2"), std::string::npos);
  EXPECT_NE(with.find("secret failure"), std::string::npos);
  for (const char* key :
       {"gen_ai.prompt.0.content", "gen_ai.completion.0.content", "gen_ai.tool.call.arguments",
        "traceloop.entity.input", "input.value", "llm.input_messages.0.message.content", "prompt"})
    EXPECT_TRUE(is_content(key)) << key;
  for (const char* key :
       {"gen_ai.request.model", "gen_ai.output.type", "gen_ai.usage.input_tokens", "http.route", "model"})
    EXPECT_FALSE(is_content(key)) << key;
}

TEST(Otlp, LogRecordsOfAgentRuntimes) {
  const std::string_view body =
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"coder"}},
     {"key":"service.version","value":{"stringValue":"2.1"}}]},"scopeLogs":[{"logRecords":[
     {"timeUnixNano":"1790000000000000000","severityNumber":9,"body":{"stringValue":"coder.api_request"},"attributes":[
       {"key":"event.name","value":{"stringValue":"api_request"}},{"key":"session.id","value":{"stringValue":"s-9"}},
       {"key":"model","value":{"stringValue":"m-1"}},{"key":"input_tokens","value":{"stringValue":"12"}},
       {"key":"output_tokens","value":{"intValue":"3"}},{"key":"duration_ms","value":{"intValue":"250"}},
       {"key":"prompt","value":{"stringValue":"the content"}}]},
     {"observedTimeUnixNano":"1790000000000000000","severityNumber":17,"body":{"stringValue":"plain"}}]}]}]})";
  const auto made = events(Signal::kLogs, Encoding::kJson, body);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].line.find("the content"), std::string::npos);
  const auto event = codec::JsonValue::parse(made[0].line);
  EXPECT_EQ((*event)["session"].text(), "s-9");
  EXPECT_EQ((*event)["version"].text(), "2.1");
  const auto& data = (*event)["data"];
  EXPECT_EQ(data["signal"].text(), "log");
  EXPECT_EQ(data["name"].text(), "api_request");
  EXPECT_EQ(data["status"].text(), "info");
  EXPECT_EQ(data["request_model"].text(), "m-1");
  EXPECT_EQ(data["input_tokens"].number(), 12);
  EXPECT_EQ(data["duration_us"].number(), 250000);
  EXPECT_NE(made[0].id, made[1].id);
  EXPECT_EQ(made[0].id, events(Signal::kLogs, Encoding::kJson, body)[0].id) << "sent again, the same event";
}

TEST(Otlp, NumbersAndTextsThatJsonCannotHold) {
  Message span;
  span.text(1, std::string(16, 'a')).text(2, std::string(8, 'b')).text(5, "\xff\xfe bad");
  for (const double number : std::initializer_list<double>{NAN, INFINITY, -INFINITY, 1e308, 5e-324, -0.0})
    span.message(9, pair(std::to_string(number), Message().fixed64(4, std::bit_cast<std::uint64_t>(number))));
  span.message(9, pair("min", Message().number(3, std::uint64_t{1} << 63)));
  span.message(9, pair("bytes", Message().text(7, std::string("\0\xff", 2))));
  span.message(9, pair("nothing", Message()));
  span.fixed64(7, UINT64_MAX / 2);
  const std::string body = Message().message(1, Message().message(2, Message().message(2, span))).bytes;
  const auto made = events(Signal::kTraces, Encoding::kProtobuf, body);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].agent, "otlp");
  EXPECT_NE(made[0].line.find("\"nan\":\"NaN\""), std::string::npos) << made[0].line;
}

// Found by otlp_fuzz: the event's owner was the sender's bytes, its line had U+FFFD.
TEST(Otlp, ANameThatIsNoTextIsTheSameInTheEventAndAsItsAgent) {
  const std::string bytes(200, '\x9a');
  const Message resource = Message().message(1, pair("service.name", text_value(bytes)));
  Message span;
  span.text(1, std::string(16, 'a')).text(2, std::string(8, 'b')).text(5, bytes);
  const std::string body =
      Message().message(1, Message().message(1, resource).message(2, Message().message(2, span))).bytes;
  const auto made = events(Signal::kTraces, Encoding::kProtobuf, body);
  ASSERT_EQ(made.size(), 1U);
  codec::Decoder decoder;
  const auto taken = decoder.decode(made[0].line, codec::Endpoint::kTraces);
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_EQ((*taken)->agent, made[0].agent);
  EXPECT_EQ(made[0].agent.substr(0, 3), "\xef\xbf\xbd");
}

TEST(Otlp, RefusesWhatIsNoRequest) {
  EXPECT_FALSE(decode(Signal::kTraces, Encoding::kProtobuf, "\x0a\x7f").ok());
  EXPECT_FALSE(decode(Signal::kTraces, Encoding::kProtobuf, "\x0b").ok());
  EXPECT_FALSE(decode(Signal::kTraces, Encoding::kJson, "[]").ok());
  EXPECT_FALSE(decode(Signal::kTraces, Encoding::kJson, "{").ok());
  EXPECT_EQ(decode(Signal::kTraces, Encoding::kProtobuf, "")->records(), 0U);
  Message value = text_value("x");
  for (int depth = 0; depth < kValueDepthMax + 2; ++depth)
    value = Message().message(5, Message().message(1, value));
  const Message span = Message().message(9, pair("deep", value));
  const std::string body = Message().message(1, Message().message(2, Message().message(2, span))).bytes;
  EXPECT_FALSE(decode(Signal::kTraces, Encoding::kProtobuf, body).ok());
}

// Names that Codex and Gemini CLI log, and those of the Vercel AI SDK's spans, as each documents them.
TEST(Otlp, RuntimesWithNamesOfTheirOwnAreLiftedAndTheirContentStaysBehind) {
  const auto line = [](Signal signal, const std::string& attributes) {
    const bool spans = signal == Signal::kTraces;
    std::string list;
    std::istringstream words(attributes);
    for (std::string key, value; words >> key >> value;)
      list += (list.empty() ? "" : ",") + (R"({"key":")" + key) + R"(","value":{"stringValue":")" + value +
              R"("}})";
    const std::string body = std::string(R"({"resource)") + (spans ? "Spans" : "Logs") + R"(":[{"scope)" +
                             (spans ? "Spans" : "Logs") + R"(":[{")" + (spans ? "spans" : "logRecords") +
                             R"(":[{"spanId":"00f067aa0ba902b7","attributes":[)" + list + "]}]}]}]}";
    const auto made = events(signal, Encoding::kJson, body);
    return made.empty() ? std::string() : made[0].line;
  };
  const std::string codex =
      line(Signal::kLogs,
           "event.name codex.tool_result conversation.id conv-1 model gpt-5 input_token_count 12 "
           "output_token_count 3 "
           "tool_name shell call_id c1 arguments planted output planted prompt planted");
  const std::string gemini =
      line(Signal::kLogs,
           "event.name gemini_cli.tool_call session.id s-1 function_name read_file function_args "
           "planted error planted error_type E request_text planted response_text planted");
  const std::string vercel =
      line(Signal::kTraces,
           "ai.model.id gpt-5 ai.model.provider openai ai.usage.promptTokens 12 ai.usage.completionTokens 3 "
           "ai.toolCall.name weather ai.prompt planted ai.prompt.messages planted ai.response.text planted "
           "ai.toolCall.args planted ai.toolCall.result planted ai.response.toolCalls planted");
  for (const std::string& each : {codex, gemini, vercel})
    EXPECT_EQ(each.find("planted"), std::string::npos) << each;
  for (const char* part :
       {R"("session":"conv-1")", R"("conversation":"conv-1")", R"("request_model":"gpt-5")",
        R"("input_tokens":12)", R"("output_tokens":3)", R"("tool_name":"shell")", R"("tool_call_id":"c1")",
        R"("name":"codex.tool_result")"})
    EXPECT_NE(codex.find(part), std::string::npos) << part << " in " << codex;
  for (const char* part : {R"("session":"s-1")", R"("tool_name":"read_file")", R"("error_type":"E")"})
    EXPECT_NE(gemini.find(part), std::string::npos) << part << " in " << gemini;
  for (const char* part : {R"("request_model":"gpt-5")", R"("provider":"openai")", R"("input_tokens":12)",
                           R"("output_tokens":3)", R"("tool_name":"weather")"})
    EXPECT_NE(vercel.find(part), std::string::npos) << part << " in " << vercel;
}

// Two bytes of a request make hundreds in memory: counted, before they are made.
TEST(Otlp, MoreElementsThanTheBoundAreRefusedWhole) {
  const auto refused = [](Encoding encoding, const std::string& body) {
    const auto request = decode(Signal::kTraces, encoding, body);
    return !request.ok() && request.error().code == "too_large";
  };
  const auto many = [](std::uint32_t field, std::size_t count) {
    Message message;
    for (std::size_t n = 0; n < count; ++n) message.text(field, "");
    return message;
  };
  const std::size_t over = kElementsMax + 1;
  EXPECT_TRUE(refused(Encoding::kProtobuf, many(1, over).bytes)) << "resources";
  EXPECT_TRUE(refused(Encoding::kProtobuf, Message().message(1, many(2, over)).bytes)) << "scopes";
  const Message attributes = many(9, over);
  EXPECT_TRUE(refused(Encoding::kProtobuf,
                      Message().message(1, Message().message(2, Message().message(2, attributes))).bytes));
  const Message spans = many(2, limits::kTracesPerRequestMax + 1);
  EXPECT_TRUE(refused(Encoding::kProtobuf, Message().message(1, Message().message(2, spans)).bytes));
  std::string json = R"({"resourceSpans":[)";
  for (std::size_t n = 0; n < over; ++n) json += "0,";
  EXPECT_TRUE(refused(Encoding::kJson, json + "0]}"));
}

TEST(Otlp, AResourceIsInEveryEventButNotWithoutBound) {
  Message scope;
  for (int n = 0; n < 100; ++n) scope.message(2, Message().text(5, "s").text(2, std::string(8, char(n + 1))));
  const Message resource = Message().message(1, pair("big", text_value(std::string(10000, 'x'))));
  const std::string body = Message().message(1, Message().message(1, resource).message(2, scope)).bytes;
  const auto request = decode(Signal::kTraces, Encoding::kProtobuf, body);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(events_of(*request, {})->size(), 100U);
  const auto over = events_of(*request, {.bytes_max = 900000});
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, "too_large");
}

// Damaged requests are refused or read, never more.
TEST(Otlp, AnyDamageIsSurvived) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string right = protobuf_request();
  for (int round = 0; round < 20000; ++round) {
    std::string body = right;
    for (auto left = 1 + random() % 4; left > 0; --left)
      body[random() % body.size()] = static_cast<char>(random());
    if (random() % 4 == 0) body.resize(random() % body.size());
    const auto request = decode(Signal::kTraces, Encoding::kProtobuf, body);
    if (!request) continue;
    codec::Decoder decoder;
    const auto events = events_of(*request, {});
    ASSERT_TRUE(events.ok());
    for (const Event& event : *events) {
      const auto decoded = decoder.decode(event.line, codec::Endpoint::kTraces);
      ASSERT_TRUE(decoded.ok()) << decoded.error().message << "\n" << event.line;
    }
  }
}

TEST(Otlp, Answers) {
  EXPECT_EQ(success(Signal::kTraces, Encoding::kJson, 0, ""), "{}");
  EXPECT_EQ(success(Signal::kTraces, Encoding::kProtobuf, 0, ""), "");
  EXPECT_EQ(success(Signal::kLogs, Encoding::kJson, 2, "why"),
            R"({"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"why"}})");
  EXPECT_EQ(success(Signal::kTraces, Encoding::kProtobuf, 2, "why"),
            std::string("\x0a\x07\x08\x02\x12\x03why"));
  EXPECT_EQ(failure(Encoding::kProtobuf, kUnavailable, "x"), std::string("\x08\x0e\x12\x01x"));
  EXPECT_EQ(encoding_of("application/json; charset=utf-8"), Encoding::kJson);
  EXPECT_EQ(encoding_of("application/x-protobuf"), Encoding::kProtobuf);
  EXPECT_FALSE(encoding_of("text/plain").has_value());
}

}  // namespace
}  // namespace plumbline::otlp
