// Every status the edge answers with, over a real socket.
#include "core/limits.h"
#include "tests/integration/edge/edge_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::test {
namespace {

using Answers = EdgeFixture;
constexpr auto kTraces = "/api/v1/traces";

TEST_F(Answers, AcceptsAfterTheFramesAreInTheLogWithTheirHeaders) {
  start();
  const std::string body = trace("a") + "\n" + trace("b") + "\n" + trace("a");
  const RawResponse response = post(kTraces, body);
  EXPECT_EQ(response.status, 202) << response.body;
  EXPECT_EQ(response.body, R"({"accepted":3,"rejected":[]})");
  EXPECT_TRUE(response.fields.contains("ratelimit"));
  EXPECT_TRUE(response.fields.contains("ratelimit-policy"));
  const auto records = log_.records("traces.v1");
  ASSERT_EQ(records.size(), 2U) << "one frame for each agent";
  for (const MemoryRecord& record : records) {
    EXPECT_EQ(record.header("tenant"), tenant_);
    EXPECT_EQ(record.key, tenant_ + "/" + record.header("agent"));
    EXPECT_EQ(record.header("key_id"), "key_one");
    EXPECT_EQ(record.header("ce_specversion"), "1.0");
    EXPECT_EQ(record.header("ce_type"), "dev.plumbline.traces.v1");
    EXPECT_EQ(record.header("ce_id"),
              record.header("run_id") + "." + std::to_string(record.partition) + "." + record.header("seq"));
    EXPECT_EQ(record.partition, log::partition_of(record.key, 4));
  }
  EXPECT_EQ(lines_in_log("traces.v1").size(), 3U);
}

TEST_F(Answers, SaysWhichTracesOfARequestWereRejected) {
  start();
  const std::string body =
      trace() + "\nnot json\n" + trace("a", 400) + "\n" + trace("a", -86400 * 31) + "\n" + R"({"id":"x"})";
  const RawResponse response = post(kTraces, body);
  EXPECT_EQ(response.status, 202);
  for (const char* part :
       {R"("accepted":1)", R"("index":1,"id":null,"reason":"invalid_json")", R"("reason":"time_ahead")",
        R"("reason":"time_before_retention")", R"("index":4,"id":null,"reason":"schema")"}) {
    EXPECT_NE(response.body.find(part), std::string::npos) << part << " in " << response.body;
  }
  const RawResponse none = post(kTraces, "[1,2]", {{"Content-Type", "application/json"}});
  EXPECT_EQ(none.status, 422);
  EXPECT_EQ(none.fields.at("content-type"), "application/problem+json");
  EXPECT_NE(none.body.find(R"("accepted":0,"rejected":[{"index":0)"), std::string::npos) << none.body;
}

TEST_F(Answers, RefusesWhatItCantRead) {
  start();
  const std::string good = trace();
  EXPECT_EQ(post(kTraces, good, {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(post(kTraces, good, {{"Content-Type", ""}}).status, 415);
  EXPECT_EQ(post(kTraces, good, {{"Content-Encoding", "br"}}).status, 415);
  EXPECT_EQ(post(kTraces, "[1,2", {{"Content-Type", "application/json"}}).status, 400);
  EXPECT_EQ(post(kTraces, "\n\n").status, 400);
  EXPECT_EQ(post(kTraces, good, {{"Content-Encoding", "gzip"}}).status, 400);
  EXPECT_EQ(post("/api/v1/nothing", good).status, 404);
  EXPECT_EQ(get("/api/v1/traces").status, 405);
  EXPECT_EQ(post("/livez", good).status, 405);
  EXPECT_EQ(post(kTraces, good, {{"Content-Length", "99999999999"}}).status, 413);
  EXPECT_EQ(post(kTraces, good, {{"X-Big", std::string(20000, 'x')}}).status, 431);
  EXPECT_TRUE(log_.records("traces.v1").empty());
}

TEST_F(Answers, GivesTheSame401ForUnknownKeysAndWrongSignatures) {
  start();
  const std::string body = trace();
  const RawResponse unknown = post(kTraces, body, {}, {"key_nobody", std::string(32, 's')});
  const RawResponse wrong = post(kTraces, body, {}, {"key_one", std::string(32, 'x')});
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(unknown.body, wrong.body);
  EXPECT_EQ(post(kTraces, body, signature(body, {}, -400)).status, 401);
  EXPECT_EQ(post(kTraces, body, signature(body, {}, 400)).status, 401);
  EXPECT_EQ(post(kTraces, body, signature(body + " ", {})).status, 401);
  EXPECT_EQ(post(kTraces, body, {{"plumbline-key", ""}}).status, 401);
  EXPECT_EQ(post(kTraces, body, {{"webhook-signature", ""}}).status, 401);
  RawHttp client(edge_->port());
  client.send(request(kTraces, body, {{"Webhook-Id", "again"}}));
  EXPECT_EQ(client.receive().status, 400) << "a signature header twice";
  EXPECT_TRUE(log_.records("traces.v1").empty());
}

TEST_F(Answers, FollowsKeysAndTenantsAsTheyChange) {
  start();
  const Signing second{"key_two", std::string(32, 't')};
  EXPECT_EQ(post(kTraces, trace(), {}, second).status, 401);
  put_key(second, "active", 1);
  EXPECT_TRUE(wait_answer(202, second));
  EXPECT_EQ(post(kTraces, trace()).status, 202) << "both keys hold while they overlap";
  put_key({}, "revoked", 2);
  EXPECT_TRUE(wait_answer(401));
  put_tenant("suspended", 2);
  EXPECT_TRUE(wait_answer(403, second));
  put_tenant("active", 3);
  EXPECT_TRUE(wait_answer(202, second));
}

TEST_F(Answers, ReadsGzipAndZstdAndStopsBombs) {
  start();
  const std::string body = trace() + "\n" + trace();
  for (const auto& [name, encoding] : std::map<std::string, compress::Encoding>{
           {"gzip", compress::Encoding::kGzip}, {"zstd", compress::Encoding::kZstd}}) {
    EXPECT_EQ(post(kTraces, *compress::compress(encoding, body), {{"Content-Encoding", name}}).status, 202)
        << name;
    const std::string bomb = *compress::compress(encoding, std::string(limits::kBodyBytesMax + 1, ' '));
    EXPECT_EQ(post(kTraces, bomb, {{"Content-Encoding", name}}).status, 413) << name;
  }
  EXPECT_EQ(lines_in_log("traces.v1").size(), 4U);
}

TEST_F(Answers, LimitsTracesPerTenantAndPerAgent) {
  start();
  put_tenant("active", 2, 1, 10, 1, 5);
  // The tenant's new limits are there once six traces of one agent are too many.
  std::string six;
  for (int i = 0; i < 6; ++i) six += trace("greedy") + "\n";
  RawResponse refused;
  ASSERT_TRUE(wait_for([&] { return (refused = post(kTraces, six)).status == 429; }));
  EXPECT_GE(std::stoi(refused.fields.at("retry-after")), 1);
  EXPECT_NE(refused.fields.at("ratelimit").find("r=0"), std::string::npos);
  EXPECT_NE(refused.body.find("rate_limited"), std::string::npos);
}

TEST_F(Answers, AnswersPipelinedRequestsInOrderOnOneConnection) {
  start();
  RawHttp client(edge_->port());
  std::string all;
  for (int i = 0; i < 20; ++i) all += i % 5 == 4 ? request(kTraces, "broken") : request(kTraces, trace());
  client.send(all);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.receive().status, i % 5 == 4 ? 422 : 202) << i;
}

TEST_F(Answers, ShowsItsHealthAndItsMetrics) {
  start();
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(post(kTraces, trace()).status, 202);
  const RawResponse metrics = get("/metrics");
  EXPECT_NE(metrics.body.find("plumbline_edge_traces_total{outcome=\"accepted\""), std::string::npos);
  EXPECT_NE(metrics.body.find("plumbline_edge_requests_total{class=\"2xx\""), std::string::npos);
  EXPECT_EQ(metrics.body.find(tenant_), std::string::npos) << "no tenant in a label";
}

}  // namespace
}  // namespace plumbline::test
