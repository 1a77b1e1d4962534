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

TEST(Frames, NamesNoAgentWhenTheLinesOfAReportFrameDiffer) {
  FrameBuilder builder(frame::kReportsTopic, 4, kRun);
  Arena arena;
  std::vector<log::Record> records;
  const AcceptedLine lines[] = {{"1", "repo", "a"}, {"2", "repo", "b"}};
  builder.build(lines, {kTenant, "key", kNow}, arena, records);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(frame::parse_meta(as_read(records[0]))->agent, "");
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
