#include "producers/edge/frames.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "core/frame.h"

namespace plumbline::edge {
namespace {

const TenantId kTenant{*Uuid::parse("b0c1d2e3-0000-4000-8000-000000000001")};
const RunId kRun{*Uuid::parse("00000000-0000-4000-8000-00000000000a")};
constexpr TimeUs kNow{1'793'000'000'000'000};

log::ReadRecord as_read(const log::Record& record) {
  return {record.topic, record.partition, 0, record.timestamp_ms, record.key, record.value, record.headers};
}

TEST(Frames, GroupsByStreamInOrderAndNumbersDensely) {
  FrameBuilder builder(frame::kTracesTopic, 4, kRun);
  Arena arena;
  std::vector<log::Record> records;
  const AcceptedLine lines[] = {{"1", "a", "a"}, {"2", "b", "b"}, {"3", "a", "a"}};
  builder.build(lines, {kTenant, "key", kNow}, arena, records);
  builder.build(lines, {kTenant, "key", kNow}, arena, records);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].value, "1\n3");
  EXPECT_EQ(records[1].value, "2");
  std::map<std::int32_t, std::uint64_t> next;
  for (const log::Record& record : records) {
    const auto meta = frame::parse_meta(as_read(record));
    ASSERT_TRUE(meta.ok()) << meta.error().message;
    EXPECT_EQ(meta->tenant, kTenant);
    EXPECT_EQ(meta->run, kRun);
    EXPECT_EQ(meta->seq, next[record.partition]++);
    EXPECT_EQ(meta->received_at, kNow);
    EXPECT_EQ(record.partition, log::partition_of(record.key, 4));
  }
}

TEST(Frames, LinesThatFollowEachOtherInTheBodyAreNotCopied) {
  FrameBuilder builder(frame::kTracesTopic, 4, kRun);
  Arena arena;
  const std::string body = "{\"a\":1}\n{\"b\":2}\n\n{\"c\":3}\r\n{\"d\":4} {\"e\":5}";
  const auto text = [&](std::size_t at) { return std::string_view(body).substr(at, 7); };
  const std::size_t a = 0, b = 8, c = 17, d = 26, e = 34;
  const auto build = [&](std::initializer_list<std::size_t> places) {
    std::vector<AcceptedLine> lines;
    for (const std::size_t at : places) lines.push_back({text(at), "agent", "agent"});
    std::vector<log::Record> records;
    builder.build(lines, {kTenant, "key", kNow}, arena, records);
    EXPECT_EQ(records.size(), 1U);
    return records.front().value;
  };
  EXPECT_EQ(build({a, b}), "{\"a\":1}\n{\"b\":2}");
  EXPECT_EQ(build({a, b}).data(), body.data());
  // Another order, an empty line, another end of line, none at all: what is between them is not the frame's.
  EXPECT_EQ(build({b, a}), "{\"b\":2}\n{\"a\":1}");
  EXPECT_EQ(build({a, c}), "{\"a\":1}\n{\"c\":3}");
  EXPECT_EQ(build({b, c}), "{\"b\":2}\n{\"c\":3}");
  EXPECT_EQ(build({c, d}), "{\"c\":3}\n{\"d\":4}");
  EXPECT_EQ(build({d, e}), "{\"d\":4}\n{\"e\":5}");
}

TEST(Frames, NamesNoAgentWhenTheLinesOfAReportFrameDiffer) {
  FrameBuilder builder(frame::kReportsTopic, 4, kRun);
  Arena arena;
  std::vector<log::Record> records;
  const AcceptedLine lines[] = {{"1", "repo", "a"}, {"2", "repo", "b"}};
  builder.build(lines, {kTenant, "key", kNow}, arena, records);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(frame::parse_meta(as_read(records[0]))->agent, "");
}

TEST(Frames, SummariesGoWithTheirLinesOrNotAtAll) {
  FrameBuilder builder(frame::kReportsTopic, 4, kRun);
  Arena arena;
  std::vector<log::Record> records;
  const AcceptedLine lines[] = {{"1", "a", "x", "sum 1"},
                                {"2", "b", "x", "sum 2"},
                                {"3", "a", "x", "sum 3"},
                                {"4", "c", "x", {}},
                                {"5", "c", "x", "s"}};
  builder.build(lines, {kTenant, "key", kNow}, arena, records);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(frame::parse_meta(as_read(records[0]))->summary, "sum 1\nsum 3");
  EXPECT_EQ(frame::parse_meta(as_read(records[1]))->summary, "sum 2");
  EXPECT_EQ(frame::parse_meta(as_read(records[2]))->summary, "");
  EXPECT_EQ(records[2].headers.size(), 12U);
  records.clear();
  const std::string large(std::size_t{20} << 10, 's');
  const AcceptedLine many[] = {{"1", "a", "x", large}, {"2", "a", "x", large}};
  builder.build(many, {kTenant, "key", kNow}, arena, records);
  EXPECT_EQ(frame::parse_meta(as_read(records[0]))->summary, "") << "more than a frame's headers should hold";
}

// Frames of other tenants and edges between those that were read last.
TEST(Frames, AParserThatRemembersSaysTheSameAsOneThatDoesNot) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  frame::MetaParser parser;
  for (int i = 0; i < 2000; ++i) {
    const auto uuid = [&] { return "00000000-0000-4000-8000-00000000000" + std::to_string(random() % 3); };
    const std::string tenant = random() % 16 == 0 ? "none" : uuid(), run = random() % 16 == 0 ? "" : uuid();
    const std::string key = (random() % 16 == 0 ? uuid() : tenant) + "/a";
    const std::string received =
        random() % 16 == 0 ? "now" : format_rfc3339({kNow.value + static_cast<std::int64_t>(random() % 3)});
    const std::string seq = std::to_string(random() % 100), agent = std::to_string(random() % 3);
    const log::Header headers[] = {{frame::kTenant, tenant}, {frame::kAgent, agent},
                                   {frame::kRunId, run},     {frame::kReceivedAt, received},
                                   {frame::kSeq, seq},       {frame::kAgent, "second"},
                                   {frame::kSummary, {}},    {frame::kSummary, "second"}};
    const log::ReadRecord record{"traces.v1", 0, 0, 0, key, "{}", headers};
    const auto one = parser.parse(record);
    const auto other = frame::parse_meta(record);
    ASSERT_EQ(one.ok(), other.ok()) << "seed " << seed;
    if (!one) {
      ASSERT_EQ(one.error().message, other.error().message) << "seed " << seed;
      continue;
    }
    ASSERT_EQ(one->tenant.value.to_string(), tenant) << "seed " << seed;
    ASSERT_EQ(one->run.value.to_string(), run) << "seed " << seed;
    ASSERT_EQ(format_rfc3339(one->received_at), received) << "seed " << seed;
    ASSERT_EQ(one->agent, agent) << "seed " << seed;
    ASSERT_EQ(one->summary, "") << "the first counts, also when it is empty";
    ASSERT_EQ(std::to_string(one->seq), seq) << "seed " << seed;
  }
}

// Any split of the same lines into requests gives every stream the same lines in the same order.
TEST(Frames, AnySplitGivesEachStreamTheSameLines) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> texts;
    std::vector<std::string> streams;
    for (std::size_t i = 0; i < 200; ++i) {
      texts.push_back("line" + std::to_string(i));
      streams.push_back("stream" + std::to_string(random() % (round + 1)));
    }
    std::map<std::string, std::string> expected;
    std::map<std::string, std::string> got;
    std::vector<AcceptedLine> lines;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      expected[streams[i]] += texts[i] + "\n";
      lines.push_back({texts[i], streams[i], streams[i]});
    }
    FrameBuilder builder(frame::kTracesTopic, 8, kRun);
    Arena arena;
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 60, lines.size() - at);
      std::vector<log::Record> records;
      builder.build(std::span(lines).subspan(at, size), {kTenant, "key", kNow}, arena, records);
      for (const log::Record& record : records)
        got[std::string(record.key.substr(37))] += std::string(record.value) + "\n";
      arena.reset();
      at += size;
    }
    ASSERT_EQ(got, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace plumbline::edge
