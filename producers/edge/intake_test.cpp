#include "producers/edge/intake.h"

#include <random>

#include <gtest/gtest.h>

#include "producers/edge/response.h"

namespace plumbline::edge {
namespace {

constexpr TimeUs kNow{1'793'000'000'000'000};

std::string line(std::size_t i, std::int64_t shift_us = 0) {
  return R"({"id":")" + Uuid::random().to_string() + R"(","kind":"session","time":")" +
         format_rfc3339({kNow.value + shift_us}) + R"(","agent":"agent-)" + std::to_string(i % 7) +
         R"(","data":{"event":"start"}})";
}

struct Read {
  std::vector<std::string> accepted;
  RejectCounts rejected{};
  std::size_t received = 0;
};

void read_into(Read& all, Intake& intake, Arena& arena, const std::string& text) {
  PaddedBuffer body;
  body.append(text);
  const auto result = intake.read(body, codec::MediaType::kNdjson, codec::Endpoint::kTraces, kNow, 30, arena);
  ASSERT_TRUE(result.ok()) << result.error().message;
  std::uint32_t shared = 0;
  for (const AgentShare& share : result->shares) shared += share.traces;
  EXPECT_EQ(shared, result->accepted.size());
  for (const AcceptedLine& each : result->accepted) {
    EXPECT_EQ(each.stream, each.agent);
    all.accepted.emplace_back(each.text);
  }
  for (std::size_t i = 0; i < all.rejected.size(); ++i) all.rejected[i] += result->rejected[i];
  all.received += result->received;
}

TEST(Intake, AReportIsSummedUpAndNothingElseIs) {
  Intake intake;
  Arena arena;
  const auto read = [&](codec::Endpoint endpoint, const std::string& text) {
    PaddedBuffer body;
    body.append(text);
    const auto result = intake.read(body, codec::MediaType::kNdjson, endpoint, kNow, 30, arena);
    return std::string(result->accepted.empty() ? "not taken" : result->accepted[0].summary);
  };
  EXPECT_EQ(read(codec::Endpoint::kTraces, line(0)), "");
  EXPECT_EQ(
      read(codec::Endpoint::kReports,
           R"({"id":"00000000-0000-4000-8000-000000000001","kind":"report","time":")" + format_rfc3339(kNow) +
               R"(","agent":"ci","repo":"r","data":{"status":"FAIL","failures":[{"id":"a","title":"b"}]}})"),
      "1\t00000000-0000-4000-8000-000000000001\t1793000000000000\tFAIL\tr\t\t\t\ta\tb\t");
}

TEST(Intake, AnySplitOfLinesIntoRequestsGivesTheSameAcceptedSet) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < 300; ++i) {
    switch (random() % 6) {
      case 0:
        lines.push_back("broken " + std::to_string(i));
        break;
      case 1:
        lines.push_back(line(i, 301'000'000));
        break;
      case 2:
        lines.push_back(line(i, std::int64_t{-31} * 86400 * 1'000'000));
        break;
      default:
        lines.push_back(line(i));
        break;
    }
  }
  Intake intake;
  Arena arena;
  Read whole;
  std::string body;
  for (const std::string& each : lines) body += each + "\n";
  read_into(whole, intake, arena, body);
  for (int round = 0; round < 20; ++round) {
    Read split;
    for (std::size_t at = 0; at < lines.size();) {
      std::string part;
      for (std::size_t left = 1 + random() % 40; left > 0 && at < lines.size(); --left)
        part += lines[at++] + "\r\n";
      read_into(split, intake, arena, part);
      arena.reset();
    }
    ASSERT_EQ(split.accepted, whole.accepted) << "seed " << seed;
    EXPECT_EQ(split.rejected, whole.rejected) << "seed " << seed;
    EXPECT_EQ(split.received, lines.size());
  }
}

TEST(Intake, TakesTimesToTheBoundAndNotBeyond) {
  Intake intake;
  Arena arena;
  Read at_bound;
  read_into(at_bound, intake, arena,
            line(0, 300'000'000) + "\n" + line(0, std::int64_t{-30} * 86400 * 1'000'000));
  EXPECT_EQ(at_bound.accepted.size(), 2U);
  Read beyond;
  read_into(beyond, intake, arena,
            line(0, 300'000'001) + "\n" + line(0, std::int64_t{-30} * 86400 * 1'000'000 - 1));
  EXPECT_EQ(beyond.rejected[static_cast<std::size_t>(RejectReason::kTimeAhead)], 1U);
  EXPECT_EQ(beyond.rejected[static_cast<std::size_t>(RejectReason::kTimeBeforeRetention)], 1U);
}

TEST(Intake, NamesAReportOnTheTracesEndpoint) {
  Intake intake;
  Arena arena;
  Read read;
  read_into(
      read, intake, arena,
      R"({"id":")" + Uuid::random().to_string() + R"(","kind":"report","time":")" + format_rfc3339(kNow) +
          R"(","agent":"a","repo":"r","data":{"status":"PASS","summary":{},"failures":[],"stats":{}}})");
  EXPECT_TRUE(read.accepted.empty());
}

TEST(Response, EscapesAndBounds) {
  std::string out;
  append_problem(out, {400, "code", "title", "a \"quoted\"\nline \\"}, R"(,"more":1)");
  EXPECT_EQ(out, R"({"type":"https://plumbline.dev/problems/code","title":"title","status":400,)"
                 R"("detail":"a \"quoted\"\u000aline \\","more":1})");
  std::string fields;
  append_retry_after(fields, std::chrono::milliseconds(1));
  append_rate_limit(fields, {.admitted = true, .by_agent = true, .remaining = 7.9}, {{10, 20}, {5, 8}});
  EXPECT_EQ(fields,
            "Retry-After: 1\r\nRateLimit-Policy: \"agent\";q=8;w=2\r\nRateLimit: \"agent\";r=7;t=1\r\n");
}

}  // namespace
}  // namespace plumbline::edge
