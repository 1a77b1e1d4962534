// What is kept: retention by age and size, compaction.
#include <algorithm>

#include "tests/contract/log_contract.h"

namespace plumbline::log::contract {
namespace {

// Waits for the log to move its low watermark; retention works on its own time.
bool low_reaches(Log& log, const TopicPartition& at, std::int64_t low, std::chrono::milliseconds wait,
                 const std::function<void()>& nudge) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  std::mutex mutex;
  std::condition_variable_any tick;
  while (std::chrono::steady_clock::now() < deadline) {
    auto marks = log.watermarks(at);
    if (marks && marks->low >= low) return true;
    nudge();
    std::unique_lock lock(mutex);
    tick.wait_for(lock, std::chrono::milliseconds(50), [] { return false; });
  }
  return false;
}

}  // namespace

TEST_P(LogContract, RetentionByAgeMovesTheLowWatermark) {
  if (!promises_.retention) GTEST_SKIP() << "backend does not promise retention";
  const TopicSpec spec = make_topic("age", [](TopicSpec& s) {
    s.partitions = 1;
    s.retention = 60s;
  });
  const std::int64_t old = now_ms() - 3600 * 1000;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(spec.name, 0, "k", "old", {}, old).ok());
  ASSERT_TRUE(low_reaches(log(), {spec.name, 0}, 5, promises_.deadline, [] {}));
  EXPECT_EQ(first_error({{spec.name, 0}, 2, ""}).code, "position_lost");
  ASSERT_TRUE(put(spec.name, 0, "k", "new").ok());
  const auto got = replay(log(), spec.name, 0, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].value, "new");
  EXPECT_EQ(got[0].offset, 5);
}

TEST_P(LogContract, RetentionBySizeMovesTheLowWatermark) {
  if (!promises_.retention) GTEST_SKIP() << "backend does not promise retention";
  const auto bytes = static_cast<std::int64_t>(backend_->segment_bytes());
  const TopicSpec spec = make_topic("size", [&](TopicSpec& s) {
    s.partitions = 1;
    s.retention_bytes = bytes;
  });
  const std::string value(100 << 10, 'x');
  for (std::int64_t put_bytes = 0; put_bytes < 4 * bytes; put_bytes += 100 << 10) {
    ASSERT_TRUE(put(spec.name, 0, "k", value).ok());
  }
  EXPECT_TRUE(low_reaches(log(), {spec.name, 0}, 1, promises_.deadline, [] {}));
}

TEST_P(LogContract, CompactionKeepsTheNewestOfEachKey) {
  if (!promises_.compaction) GTEST_SKIP() << "backend does not promise compaction";
  const TopicSpec spec = make_topic("compacted", [](TopicSpec& s) {
    s.partitions = 1;
    s.compacted = true;
  });
  const std::string filler(1000, 'x');
  for (int round = 0; round < 30; ++round) {
    for (int key = 0; key < 5; ++key) {
      ASSERT_TRUE(put(spec.name, 0, "k" + std::to_string(key), std::to_string(round) + filler).ok());
    }
  }
  ASSERT_TRUE(put(spec.name, 0, "k0", "").ok());
  // Whatever is compacted and whatever is not yet: folding by key must give the newest, always.
  std::size_t seen = 0;
  const auto deadline = std::chrono::steady_clock::now() + promises_.deadline;
  int nudge = 0;
  do {
    ASSERT_TRUE(put(spec.name, 0, "last", std::to_string(++nudge)).ok());
    const StartPosition start{{spec.name, 0}, std::nullopt, ""};
    auto reader = log().reader(std::span(&start, 1));
    ASSERT_TRUE(reader.ok());
    const auto got = read_until(**reader, [&](const std::vector<Copy>& all) {
      return !all.empty() && all.back().key == "last" && all.back().value == std::to_string(nudge);
    });
    seen = got.size();
    std::map<std::string, std::string> state;
    for (const Copy& copy : got) state[copy.key] = copy.value;
    EXPECT_TRUE(state["k0"].empty());
    for (int key = 1; key < 5; ++key) EXPECT_EQ(state["k" + std::to_string(key)], "29" + filler);
  } while (seen > 150 && std::chrono::steady_clock::now() < deadline);
  EXPECT_LE(seen, 150u);
}

}  // namespace plumbline::log::contract
