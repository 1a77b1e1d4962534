// OTLP/HTTP with a bearer key: every status and form, over a real socket.
#include "core/codec/json_value.h"
#include "core/crypto/bearer.h"
#include "core/limits.h"
#include "core/otlp/answer.h"
#include "tests/integration/edge/edge_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::test {
namespace {

constexpr auto kTraces = "/v1/traces";
constexpr auto kLogs = "/v1/logs";

class OtlpAnswers : public EdgeFixture {
 protected:
  void start_with_key() {
    token_ = put_bearer("key_otlp");
    start();
  }
  FieldList fields(const std::string& token, const std::string& type = "application/json") const {
    return {{"Authorization", "Bearer " + token}, {"Content-Type", type}};
  }
  RawResponse send(const std::string& path, const std::string& body) {
    return post_plain(path, body, fields(token_));
  }
  static std::string span(const std::string& id, std::int64_t shift_s = 0, const std::string& more = "") {
    const std::int64_t start = SystemClock().now().value * 1000 + shift_s * 1000000000;
    return R"({"traceId":"5b8efff798038103d269b633813fc60c","spanId":")" + id +
           R"(","name":"chat gpt-5","kind":3,"startTimeUnixNano":")" + std::to_string(start) +
           R"(","endTimeUnixNano":")" + std::to_string(start + 1500000) +
           R"(","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},)"
           R"({"key":"gen_ai.input.messages","value":{"stringValue":"planted content"}},)"
           R"({"key":"note","value":{"stringValue":"token ghp_0123456789abcdefghijABCDEFGHIJ012345"}}])" +
           more + "}";
  }
  static std::string request(const std::string& spans) {
    return R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bot"}}]},)"
           R"("scopeSpans":[{"scope":{"name":"s"},"spans":[)" +
           spans + "]}]}]}";
  }
  static int code_of(const RawResponse& response) {
    const auto json = codec::JsonValue::parse(response.body);
    return json && (*json)["code"].number() ? static_cast<int>(*(*json)["code"].number()) : -1;
  }
  std::string token_;
};

TEST_F(OtlpAnswers, ASpanIsInTheLogWithItsKeyBefore200AndWithoutItsContent) {
  start_with_key();
  const std::string body = request(span("0f0f0f0f0f0f0f01") + "," + span("0f0f0f0f0f0f0f02"));
  const RawResponse response = send(kTraces, body);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.body, "{}");
  EXPECT_EQ(response.fields.at("content-type"), "application/json");
  const auto records = log_.records("traces.v1");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].header("key_id"), "key_otlp");
  EXPECT_EQ(records[0].header("tenant"), tenant_);
  EXPECT_EQ(records[0].key, tenant_ + "/bot");
  auto lines = lines_in_log("traces.v1");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find(R"("operation":"chat")"), std::string::npos) << lines[0];
  for (const std::string& line : lines) {
    EXPECT_EQ(line.find("planted"), std::string::npos) << line;
    EXPECT_EQ(line.find("ghp_"), std::string::npos) << line;
  }
  EXPECT_EQ(send(kTraces, body).status, 200);
  lines = lines_in_log("traces.v1");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], lines[2]) << "a retried export is the same events, so duplicates to the store";
  EXPECT_EQ(lines[1], lines[3]);
}

TEST_F(OtlpAnswers, ContentEntersWithAKeyThatSaysSoButNoSecrets) {
  token_ = put_bearer("key_content", true);
  start();
  EXPECT_EQ(send(kTraces, request(span("0f0f0f0f0f0f0f01"))).status, 200);
  const auto lines = lines_in_log("traces.v1");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("planted content"), std::string::npos);
  EXPECT_EQ(lines[0].find("ghp_"), std::string::npos);
}

TEST_F(OtlpAnswers, WhatCantBeKeptIsCountedAsAPartialSuccess) {
  start_with_key();
  const RawResponse some =
      send(kTraces, request(span("0f0f0f0f0f0f0f01") + "," + span("0f0f0f0f0f0f0f02", 4000)));
  EXPECT_EQ(some.status, 200);
  EXPECT_EQ(some.body, R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"time_ahead: 1"}})");
  const RawResponse none = send(kTraces, request(span("0f0f0f0f0f0f0f03", 4000)));
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(code_of(none), otlp::kInvalidArgument) << none.body;
  EXPECT_EQ(lines_in_log("traces.v1").size(), 1U);
  EXPECT_EQ(send(kLogs, R"({"resourceLogs":[]})").status, 200) << "nothing to keep is no error";
  const RawResponse empty = post_plain(kTraces, "", fields(token_, "application/x-protobuf"));
  EXPECT_EQ(empty.status, 200) << "an empty message is a valid one";
  EXPECT_EQ(empty.body, "");
}

TEST_F(OtlpAnswers, OnlyABearerKeyOpensTheDoorAndAllElseSaysTheSame) {
  put_bearer("key_gone", false, "revoked");
  start_with_key();
  const std::string body = request(span("0f0f0f0f0f0f0f01")),
                    secret = "whsec_" + crypto::base64_encode(std::string(32, 's'));
  const RawResponse wrong = post_plain(kTraces, body, fields("key_otlp.plb_" + std::string(43, 'x')));
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(code_of(wrong), otlp::kUnauthenticated) << wrong.body;
  EXPECT_EQ(wrong.fields.at("www-authenticate"), R"(Bearer realm="plumbline")");
  // Unknown; revoked; a tenant that has only a signing key: that key's id, its secret as it is shown, its
  // bytes.
  for (const std::string& token :
       {"key_nobody.plb_" + std::string(43, 'T'), "key_gone.plb_" + std::string(43, 'T'),
        "key_one.plb_" + std::string(43, 'T'), secret, "key_one." + secret, std::string(32, 's'),
        std::string()}) {
    const RawResponse other = post_plain(kTraces, body, fields(token));
    EXPECT_EQ(other.status, 401) << token;
    EXPECT_EQ(other.body, wrong.body) << token;
  }
  EXPECT_EQ(post_plain(kTraces, body, {{"Content-Type", "application/json"}}).body, wrong.body);
  EXPECT_EQ(
      post_plain(kTraces, body, {{"Content-Type", "application/json"}, {"Authorization", "Basic " + token_}})
          .status,
      401);
  auto twice = fields(token_);
  twice.push_back(twice.front());
  EXPECT_EQ(post_plain(kTraces, body, twice).status, 401);
  const RawResponse signed_only = post(kTraces, body, {{"Content-Type", "application/json"}});
  EXPECT_EQ(signed_only.status, 401) << "a signature opens the other doors";
  // And a bearer key signs nothing: not with its token, not with its hash.
  const auto hash = crypto::bearer_hash(token_);
  for (const std::string& as_secret : {token_, std::string(crypto::as_chars(hash))})
    EXPECT_EQ(post("/api/v1/traces", trace(), {}, {"key_otlp", as_secret}).status, 401);
  EXPECT_TRUE(log_.records("traces.v1").empty());
  EXPECT_EQ(send(kTraces, body).status, 200);
}

TEST_F(OtlpAnswers, BadRequestsAreAnsweredInTheEncodingTheyCameIn) {
  start_with_key();
  const auto protobuf = fields(token_, "application/x-protobuf");
  const RawResponse garbage = post_plain(kTraces, "\xff\xff garbage", protobuf);
  EXPECT_EQ(garbage.status, 400);
  EXPECT_EQ(garbage.fields.at("content-type"), "application/x-protobuf");
  EXPECT_TRUE(garbage.body.starts_with("\x08\x03\x12")) << "google.rpc.Status: code 3, then a message";
  const RawResponse json = send(kTraces, "{");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(code_of(json), otlp::kInvalidArgument);
  EXPECT_EQ(json.fields.at("content-type"), "application/json");
  auto gzip = fields(token_);
  gzip.emplace_back("Content-Encoding", "gzip");
  EXPECT_EQ(code_of(post_plain(kTraces, "no gzip", gzip)), otlp::kInvalidArgument);
  auto brotli = fields(token_);
  brotli.emplace_back("Content-Encoding", "br");
  EXPECT_EQ(post_plain(kTraces, "{}", brotli).status, 415);
  const RawResponse text = post_plain(kTraces, "{}", fields(token_, "text/plain"));
  EXPECT_EQ(text.status, 415);
  EXPECT_EQ(code_of(text), otlp::kInvalidArgument);
  RawHttp client(edge_->port());
  client.send("GET /v1/traces HTTP/1.1\r\nHost: edge\r\n\r\n");
  EXPECT_EQ(client.receive().status, 405);
  // Refused by the server before the edge sees it, and still in OTLP's form.
  RawHttp large(edge_->port());
  large.send(
      "POST /v1/traces HTTP/1.1\r\nHost: edge\r\nContent-Type: application/x-protobuf\r\nContent-Length: "
      "99999999\r\n\r\n");
  const RawResponse oversize = large.receive();
  EXPECT_EQ(oversize.status, 413);
  EXPECT_TRUE(oversize.body.starts_with("\x08\x03\x12")) << oversize.body;
  // And after decompression.
  const std::string bomb =
      compress::compress(compress::Encoding::kGzip, std::string(limits::kBodyBytesMax + 1, ' ')).value();
  const RawResponse unpacked = post_plain(kTraces, bomb, gzip);
  EXPECT_EQ(unpacked.status, 413);
  EXPECT_EQ(code_of(unpacked), otlp::kInvalidArgument);
  EXPECT_TRUE(log_.records("traces.v1").empty());
}

TEST_F(OtlpAnswers, LimitsOutagesAndSuspensionAreSaidInOtlpsForm) {
  put_tenant("active", 1);
  token_ = put_bearer("key_otlp");
  start();
  const std::string body = request(span("0f0f0f0f0f0f0f01"));
  put_tenant("active", 2, 1, 1, 1, 1);
  RawResponse limited;
  EXPECT_TRUE(wait_for([&] { return (limited = send(kTraces, body)).status == 429; }));
  EXPECT_EQ(code_of(limited), otlp::kResourceExhausted) << limited.body;
  EXPECT_TRUE(limited.fields.contains("retry-after"));
  EXPECT_TRUE(limited.fields.contains("ratelimit"));
  put_tenant("active", 3);
  EXPECT_TRUE(wait_for([&] { return send(kTraces, body).status == 200; }));
  log_.set_healthy(retryable("away", "the log is away"));
  RawResponse down;
  EXPECT_TRUE(wait_for([&] { return (down = send(kTraces, body)).status == 503; }));
  EXPECT_EQ(code_of(down), otlp::kUnavailable) << down.body;
  EXPECT_TRUE(down.fields.contains("retry-after"));
  log_.set_healthy(ok_status());
  put_tenant("suspended", 4);
  RawResponse suspended;
  EXPECT_TRUE(wait_for([&] { return (suspended = send(kTraces, body)).status == 403; }));
  EXPECT_EQ(code_of(suspended), otlp::kPermissionDenied);
}

}  // namespace
}  // namespace plumbline::test
