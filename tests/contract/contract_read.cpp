// Reading: seek, replay, positions that are gone, other processes, groups.
#include <algorithm>
#include <set>

#include "tests/contract/log_contract.h"

namespace plumbline::log::contract {

TEST_P(LogContract, SeeksAndReplays) {
  const TopicSpec spec = make_topic("seek");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put(spec.name, 2, "k", std::to_string(i)).ok());
  const StartPosition start{{spec.name, 2}, 6, ""};
  auto reader = log().reader(std::span(&start, 1));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(read_count(**reader, 4).at(0).value, "6");
  ASSERT_TRUE((*reader)->seek({spec.name, 2}, 0).ok());
  const auto again = read_count(**reader, 10);
  ASSERT_EQ(again.size(), 10u);
  EXPECT_EQ(again[0].value, "0");
  EXPECT_EQ((*reader)->assignment().size(), 1u);
}

TEST_P(LogContract, AReaderAtTheEndSeesWhatComes) {
  const TopicSpec spec = make_topic("tail");
  ASSERT_TRUE(put(spec.name, 0, "k", "old").ok());
  const StartPosition start{{spec.name, 0}, 1, ""};
  auto reader = log().reader(std::span(&start, 1));
  ASSERT_TRUE(reader.ok());
  auto none = (*reader)->poll(1 << 20, 50ms, {});
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  ASSERT_TRUE(put(spec.name, 0, "k", "new").ok());
  EXPECT_EQ(read_count(**reader, 1).at(0).value, "new");
}

TEST_P(LogContract, APositionPastTheEndIsLost) {
  const TopicSpec spec = make_topic("past");
  ASSERT_TRUE(put(spec.name, 0, "k", "v").ok());
  const Error error = first_error({{spec.name, 0}, 5, ""});
  EXPECT_EQ(error.code, "position_lost");
  EXPECT_EQ(error.fault, Fault::kFatal);
  EXPECT_NE(error.message.find(spec.name), std::string::npos);
}

TEST_P(LogContract, APositionOfAnotherIncarnationIsLost) {
  const TopicSpec spec = make_topic("incarnation");
  ASSERT_TRUE(put(spec.name, 0, "k", "v").ok());
  auto info = log().topic(spec.name);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->partitions, spec.partitions);
  EXPECT_FALSE(info->incarnation.empty());
  EXPECT_EQ(first_error({{spec.name, 0}, 0, info->incarnation}).code, "");
  EXPECT_EQ(first_error({{spec.name, 0}, 0, "another"}).code, "position_lost");
  if (!promises_.incarnation) return;
  backend_->replace();
  ASSERT_TRUE(log().ensure_topic(spec).ok());
  EXPECT_EQ(first_error({{spec.name, 0}, 0, info->incarnation}).code, "position_lost");
}

TEST_P(LogContract, AnotherProcessReadsAndAppends) {
  if (!promises_.other_reader) GTEST_SKIP() << "backend does not promise other readers";
  const TopicSpec spec = make_topic("other");
  ASSERT_TRUE(put(spec.name, 0, "k", "from the first").ok());
  auto other = backend_->open_other();
  ASSERT_TRUE(other.ok()) << other.error().message;
  EXPECT_EQ(replay(**other, spec.name, 0, 1).at(0).value, "from the first");
  const auto offset = append_and_wait(**other, {spec.name, 0, "k", "from the other", {}, now_ms()});
  ASSERT_TRUE(offset.ok()) << offset.error().message;
  EXPECT_EQ(replay(log(), spec.name, 0, 2).at(1).value, "from the other");
  EXPECT_EQ(replay(**other, spec.name, 0, 2).at(1).value, "from the other");
}

TEST_P(LogContract, AnExistingTopicIsCheckedAgainstItsSpec) {
  const TopicSpec spec = make_topic("spec");
  EXPECT_TRUE(log().ensure_topic(spec).ok());
  TopicSpec more = spec;
  more.partitions = spec.partitions + 1;
  const Status refused = log().ensure_topic(more);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find(spec.name), std::string::npos);
  const auto names = log().topics();
  ASSERT_TRUE(names.ok());
  EXPECT_NE(std::find(names->begin(), names->end(), spec.name), names->end());
}

namespace {
// Keeps positions as the store would: by partition, shared by the members of a group.
struct Positions final : AssignmentListener {
  explicit Positions(std::map<TopicPartition, std::int64_t>& shared) : store(shared) {}
  Result<std::vector<StartPosition>> on_assigned(std::span<const TopicPartition> partitions) override {
    std::vector<StartPosition> from;
    for (const TopicPartition& p : partitions) {
      owned.insert(p);
      from.push_back({p, store.contains(p) ? std::optional(store[p]) : std::nullopt, ""});
    }
    return from;
  }
  void on_revoked(std::span<const TopicPartition> partitions) override {
    for (const TopicPartition& p : partitions) owned.erase(p);
  }
  std::map<TopicPartition, std::int64_t>& store;
  std::set<TopicPartition> owned;
};

Status poll_once(Reader& reader, Positions& positions, std::vector<std::string>& values) {
  auto batch = reader.poll(1 << 20, std::chrono::milliseconds(50), {});
  if (!batch) return batch.error();
  for (const ReadRecord& r : *batch) {
    positions.store[{std::string(r.topic), r.partition}] = r.offset + 1;
    values.emplace_back(r.value);
  }
  return ok_status();
}
}  // namespace

TEST_P(LogContract, AGroupSharesPartitionsAndRebalances) {
  const TopicSpec spec = make_topic("group");
  const std::string group = fresh("members");
  const std::vector<std::string> topics{spec.name};
  std::map<TopicPartition, std::int64_t> store;
  std::vector<std::string> values;
  Positions first(store), second(store);
  for (std::int32_t p = 0; p < 4; ++p) ASSERT_TRUE(put(spec.name, p, "k", "a" + std::to_string(p)).ok());
  auto one = log().join_group(group, topics, first);
  ASSERT_TRUE(one.ok()) << one.error().message;
  const auto until = [&](const std::function<bool()>& holds, Reader* a, Reader* b) {
    const auto deadline = std::chrono::steady_clock::now() + promises_.deadline;
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      if (a != nullptr) {
        EXPECT_TRUE(poll_once(*a, first, values).ok());
      }
      if (b != nullptr) {
        EXPECT_TRUE(poll_once(*b, second, values).ok());
      }
    }
    return holds();
  };
  ASSERT_TRUE(until([&] { return first.owned.size() == 4 && values.size() == 4; }, one->get(), nullptr));
  auto two = log().join_group(group, topics, second);
  ASSERT_TRUE(two.ok());
  ASSERT_TRUE(
      until([&] { return first.owned.size() == 2 && second.owned.size() == 2; }, one->get(), two->get()));
  for (const TopicPartition& p : first.owned) EXPECT_FALSE(second.owned.contains(p));
  EXPECT_EQ((*two)->assignment().size(), 2u);
  for (std::int32_t p = 0; p < 4; ++p) ASSERT_TRUE(put(spec.name, p, "k", "b" + std::to_string(p)).ok());
  ASSERT_TRUE(until([&] { return values.size() >= 8; }, one->get(), two->get()));
  one->reset();
  ASSERT_TRUE(until([&] { return second.owned.size() == 4; }, nullptr, two->get()));
  for (std::int32_t p = 0; p < 4; ++p) ASSERT_TRUE(put(spec.name, p, "k", "c" + std::to_string(p)).ok());
  ASSERT_TRUE(until([&] { return values.size() >= 12; }, nullptr, two->get()));
  EXPECT_EQ(std::set<std::string>(values.begin(), values.end()).size(), 12u);
  EXPECT_EQ(values.size(), 12u) << "positions of the listener, so nothing twice";
}

}  // namespace plumbline::log::contract
