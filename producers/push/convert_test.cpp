#include "producers/push/convert.h"

#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include "core/codec/decoder.h"
#include "producers/push/batch.h"
#include "producers/push/reply.h"
#include "producers/push/retry.h"

namespace plumbline::push {
namespace {

std::string real(const std::string& name) {
  std::ifstream in(PLUMBLINE_SOURCE_DIR "/tests/data/real/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Converted converted(const std::string& text, const Labels& labels = {}, Form form = Form::kAuto) {
  auto result = convert(form, text, labels, TimeUs{1000000}, "agent-0");
  EXPECT_TRUE(result.ok()) << result.error().message;
  return std::move(result).value();
}

// Every line is one that the edge's decoder takes.
void expect_accepted(const Converted& all) {
  codec::Decoder decoder;
  for (const Event& event : all.events) {
    const auto decoded =
        decoder.decode(event.line, event.report ? codec::Endpoint::kReports : codec::Endpoint::kTraces);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message << "\n" << event.line.substr(0, 500);
    EXPECT_EQ((*decoded)->id.to_string(), event.id);
  }
}

TEST(Convert, EveryRealDecisionBecomesAnEventWithoutContent) {
  std::set<std::string> ids;
  for (const char* name : {"agent-0.jsonl", "agent-1.jsonl", "agent-2.jsonl"}) {
    const Converted all = converted(
        real(name), {.agent = "a", .repo = "r", .branch = "b", .commit = "c", .version = "1", .time = {}});
    expect_accepted(all);
    EXPECT_TRUE(all.skipped.empty());
    for (const Event& event : all.events) {
      ids.insert(event.id);
      EXPECT_FALSE(event.report);
      EXPECT_EQ(event.line.find("action_value\":"), std::string::npos);
      EXPECT_EQ(event.line.find("explanation\":"), std::string::npos);
    }
  }
  EXPECT_EQ(ids.size(), 371u);
}

TEST(Convert, ContentIsKeptOnlyWhenAsked) {
  const Converted all = converted(real("agent-0.jsonl"), {.agent = "a",
                                                          .repo = {},
                                                          .branch = {},
                                                          .commit = {},
                                                          .version = {},
                                                          .time = {},
                                                          .include_content = true});
  expect_accepted(all);
  EXPECT_NE(all.events[0].line.find("\"action_value\": \"y\""), std::string::npos);
}

TEST(Convert, EveryRealReportBecomesAnEvent) {
  const Converted all = converted(real("rigour-reports.ndjson"));
  expect_accepted(all);
  ASSERT_EQ(all.events.size(), 20u);
  EXPECT_TRUE(all.events[0].report);
  EXPECT_NE(all.events[0].line.find("\"time\":\"2026-11-01T09:00:00.000000Z\""), std::string::npos);
  EXPECT_NE(all.events[0].line.find("\"repo\":\"rxjs-strict\""), std::string::npos);
}

TEST(Convert, ABareReportTakesItsNamesAndTimeFromTheUser) {
  const std::string report =
      "{\r\n \"status\": \"PASS\",\n \"summary\": {\"a\": \"PASS\"}, \"failures\": [], \"stats\": {}\n}\n";
  const Converted all = converted(report, {.agent = {},
                                           .repo = "r",
                                           .branch = "main",
                                           .commit = "c0ffee",
                                           .version = {},
                                           .time = TimeUs{5000000}});
  ASSERT_EQ(all.events.size(), 1u);
  EXPECT_EQ(all.events[0].line.find('\n'), std::string::npos);
  EXPECT_NE(all.events[0].line.find("\"time\":\"1970-01-01T00:00:05.000000Z\""), std::string::npos)
      << all.events[0].line;
  expect_accepted(all);
  EXPECT_NE(converted(report).events[0].line.find("\"time\":\"1970-01-01T00:00:01.000000Z\""),
            std::string::npos)
      << "else the time of its file";
}

// What the working tree says belongs to a report that names no repository, or that very one.
TEST(Convert, TheWorkingTreeNamesOnlyItsOwnReports) {
  const std::string own =
      R"({"repo":"rxjs","version":"7","time":"2026-11-01T09:00:00Z","report":{"status":"PASS",)"
      R"("failures":[]}})";
  Labels labels;
  labels.git = {"acme/app", "main", std::string(40, 'c'), "Ada"};
  EXPECT_EQ(converted(own, labels).events[0].line.find("acme"), std::string::npos);
  EXPECT_EQ(converted(own, labels).events[0].line.find("branch"), std::string::npos);
  const std::string bare = R"({"status":"PASS","summary":{},"failures":[]})";
  const std::string line = converted(bare, labels).events[0].line;
  EXPECT_NE(line.find(R"("repo":"acme/app","branch":"main","commit":"cccc)"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("author":"Ada")"), std::string::npos) << line;
  labels.repo = "other";
  EXPECT_EQ(converted(bare, labels).events[0].line.find("main"), std::string::npos);
}

TEST(Convert, ADocumentOfAnotherToolBecomesOneReport) {
  const std::string sarif =
      R"({"version":"2.1.0","runs":[{"tool":{"driver":{"name":"ESLint"}},"versionControlProvenance":[)"
      R"({"repositoryUri":"https://host.example/acme/app.git","revisionId":"c0ffee"}],"results":[{"ruleId":"boundaries/x",)"
      R"("level":"error","message":{"text":"m"}}]}]})";
  const Converted all = converted(sarif);
  expect_accepted(all);
  ASSERT_EQ(all.events.size(), 1U);
  const std::string& line = all.events[0].line;
  EXPECT_NE(line.find(R"("agent":"ESLint","repo":"acme/app","commit":"c0ffee")"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("category":"layer-violation")"), std::string::npos) << line;
  EXPECT_EQ(line, converted(sarif).events[0].line) << "the same document, the same id";
  EXPECT_EQ(converted(sarif, {}, Form::kSarif).events[0].id, all.events[0].id);
}

TEST(Convert, TheSameDocumentGivesTheSameEvents) {
  const std::string text = real("rigour-reports.ndjson");
  const Converted a = converted(text), b = converted(text);
  for (std::size_t i = 0; i < a.events.size(); ++i) {
    EXPECT_EQ(a.events[i].id, b.events[i].id);
    EXPECT_EQ(a.events[i].line, b.events[i].line);
  }
}

TEST(Convert, ATimeShiftMovesEveryTimeAlikeAndIsRepeatable) {
  Labels labels;
  labels.time_shift_us = 86400LL * 1000000 * 19;
  for (const char* name : {"agent-0.jsonl", "rigour-reports.ndjson"}) {
    const Converted plain = converted(real(name)), moved = converted(real(name), labels);
    const Converted again = converted(real(name), labels);
    codec::Decoder decoder;
    const auto time = [&](const Event& event) {
      const auto endpoint = event.report ? codec::Endpoint::kReports : codec::Endpoint::kTraces;
      return (*decoder.decode(event.line, endpoint))->time.value;
    };
    for (std::size_t n = 0; n < plain.events.size(); ++n) {
      EXPECT_EQ(time(moved.events[n]) - time(plain.events[n]), labels.time_shift_us);
      EXPECT_EQ(again.events[n].line, moved.events[n].line);
    }
  }
}

TEST(Convert, LinesThatAreNoEventsAreReported) {
  const Converted all = converted("{\"action_type\":\"deny\"}\n\n{broken\n");
  EXPECT_EQ(all.events.size(), 1u);
  ASSERT_EQ(all.skipped.size(), 1u);
  EXPECT_EQ(all.skipped[0].line, 3);
  EXPECT_FALSE(convert(Form::kAuto, "hello", {}, {}, "a").ok());
  EXPECT_TRUE(converted(" \n").events.empty());
}

TEST(Convert, NativeEventsTravelAsTheyAre) {
  const std::string line = R"({"id":"b0c1d2e3-0000-4000-8000-000000000001","kind":"report","data":{}})";
  const Converted all = converted(line + "\n");
  ASSERT_EQ(all.events.size(), 1u);
  EXPECT_EQ(all.events[0].line, line);
  EXPECT_TRUE(all.events[0].report);
}

TEST(Batch, KeepsToItsBoundsAndOrder) {
  std::vector<Event> events(1200);
  for (std::size_t i = 0; i < events.size(); ++i)
    events[i] = {.report = i % 3 == 0, .id = std::to_string(i), .line = "{}", .source_line = 0};
  const auto batches = cut(events);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].events.size(), 500u);
  EXPECT_EQ(batches[1].events.size(), 300u);
  EXPECT_EQ(batches[2].events.size(), 400u);
  EXPECT_TRUE(batches[2].report);
  const Event large[] = {
      {.report = false, .id = "", .line = std::string(kBatchBytesMax - 1, 'x'), .source_line = 0},
      {.report = false, .id = "", .line = "y", .source_line = 0},
      {.report = false, .id = "", .line = std::string(2 * kBatchBytesMax, 'z'), .source_line = 0}};
  EXPECT_EQ(cut(large).size(), 3u);
}

TEST(Retry, WaitsAtLeastAsLongAsAskedAndGivesUp) {
  const RetryPolicy policy{.attempts_max = 3};
  for (std::uint64_t random = 0; random < 5000; random += 37) {
    EXPECT_LE(*next_wait(policy, 1, {}, random), policy.first);
    EXPECT_GE(*next_wait(policy, 1, std::chrono::seconds(7), random), std::chrono::seconds(7));
    EXPECT_LE(*next_wait(policy, 1, std::chrono::seconds(7), random), std::chrono::seconds(8));
  }
  EXPECT_EQ(next_wait(policy, 3, {}, 1), std::nullopt);
  EXPECT_EQ(next_wait(policy, 1, std::chrono::seconds(3600), 1), std::nullopt);
  EXPECT_EQ(parse_retry_after("12"), std::chrono::seconds(12));
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), std::nullopt);
  EXPECT_TRUE(is_retryable(503) && is_retryable(429) && is_retryable(0));
  EXPECT_FALSE(is_retryable(401) || is_retryable(413) || is_retryable(202));
}

TEST(Reply, ReadsCountsRejectionsAndProblems) {
  const Reply reply = parse_reply(
      R"({"accepted":2,"rejected":[{"index":1,"id":"x","reason":"schema"},{"index":3,"id":null,"reason":"too_large"}]})");
  EXPECT_TRUE(reply.counted);
  EXPECT_EQ(reply.accepted, 2);
  ASSERT_EQ(reply.rejected.size(), 2u);
  EXPECT_EQ(reply.rejected[0].reason, "schema");
  EXPECT_EQ(reply.rejected[1].index, 3);
  EXPECT_TRUE(parse_reply(R"({"accepted":2,"rejected":[]})").rejected.empty());
  EXPECT_EQ(parse_reply(R"({"title":"Unauthorized","detail":"check the key"})").detail, "check the key");
  EXPECT_FALSE(parse_reply("<html>").counted);
}

}  // namespace
}  // namespace plumbline::push
