// Readers beside an owner that drops, closes and replaces segments: each of these lost records without a
// word.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log/embedded/embedded_log.h"
#include "core/log/embedded/group_reader.h"
#include "tests/support/process/process.h"

namespace plumbline::log {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::int64_t kMib = std::int64_t{1} << 20;
const std::string kTopic = "traces.v1";

// A log of small segments; retention drops what is closed as soon as keep() comes by, every 10 ms.
class EmbeddedReader : public testing::Test {
 protected:
  EmbeddedReader() {
    config_.dir = (folder_.path() / "log").string();
    config_.segment_bytes = 2 * kMib;
    options_.keep_interval = 10ms;
    open();
  }
  void open() {
    auto opened = open_embedded(config_, options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log_ = std::move(*opened);
  }
  void make_topic(std::int64_t retention_bytes, const std::string& name = kTopic) {
    TopicSpec spec;
    spec.name = name;
    spec.partitions = 2;
    spec.record_bytes_max = kMib;
    spec.retention_bytes = retention_bytes;
    ASSERT_TRUE(log_->ensure_topic(spec).ok());
  }
  void append(std::int32_t partition, int records, std::size_t bytes = 512 << 10,
              const std::string& topic = kTopic) {
    const std::string value(bytes, 'x');
    Record record;
    record.topic = topic;
    record.partition = partition;
    record.key = "key";
    record.value = value;
    record.timestamp_ms = now_ms();
    for (int i = 0; i < records; ++i) ASSERT_TRUE(append_and_wait(*log_, record).ok());
  }
  // As the message of a damaged log tells an operator to.
  void make_anew() {
    log_.reset();
    fs::rename(fs::path(config_.dir) / "topics" / kTopic, folder_.path() / "away");
    open();
    make_topic(-1);
    append(0, 1);
  }
  static std::int64_t now_ms() { return SystemClock().now().value / 1000; }
  Watermarks marks(std::int32_t partition) { return *log_->watermarks({kTopic, partition}); }
  std::vector<fs::path> segments() {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(fs::path(config_.dir) / "topics" / kTopic))
      if (entry.path().extension() == ".segment") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  std::unique_ptr<Log> client() {
    EmbeddedOptions options;
    options.role = EmbeddedOptions::Role::kClient;
    auto opened = open_embedded(config_, options);
    EXPECT_TRUE(opened.ok());
    return std::move(*opened);
  }

  test::TempFolder folder_{"embedded-reader"};
  config::Embedded config_;
  EmbeddedOptions options_;
  std::unique_ptr<Log> log_;
};

// Its segment is mapped and gone. Looking for another partition's place began the walk at the oldest segment
// that is left, and this one's records between were passed over.
TEST_F(EmbeddedReader, TakingAnotherPartitionDoesNotPassOverWhatRetentionTook) {
  make_topic(0);
  append(0, 1);
  append(1, 1);
  const StartPosition both[] = {{{kTopic, 0}, 0, ""}, {{kTopic, 1}, 0, ""}};
  auto reader = log_->reader(both);
  ASSERT_TRUE(reader.ok());
  auto batch = (*reader)->poll(1, 10s, {});
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->size(), 1U);
  ASSERT_EQ(batch->front().partition, 0);
  append(1, 20);
  ASSERT_TRUE(test::wait_for([&] { return marks(1).low > 1; }));
  const Status moved = (*reader)->seek({kTopic, 0}, marks(0).high);
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().code, "position_lost");
  EXPECT_NE(moved.error().message.find(kTopic + "/1: position 0"), std::string::npos)
      << moved.error().message;
  const auto after = (*reader)->poll(1, 0s, {});
  ASSERT_FALSE(after.ok()) << "nor later";
  EXPECT_EQ(after.error().code, "position_lost");
}

class Listener final : public AssignmentListener {
 public:
  explicit Listener(Log& log) : log_(log) {}
  Result<std::vector<StartPosition>> on_assigned(std::span<const TopicPartition> partitions) override {
    std::vector<StartPosition> starts;
    for (const TopicPartition& at : partitions)
      starts.push_back({at, log_.watermarks(at)->low, log_.topic(at.topic)->incarnation});
    return starts;
  }
  void on_revoked(std::span<const TopicPartition> partitions) override { revoked_ += partitions.size(); }
  std::size_t revoked_ = 0;

 private:
  Log& log_;
};

// Nothing to read, ever; counts how often it was looked.
class Nothing final : public embedded::Views {
 public:
  Result<std::shared_ptr<embedded::TopicView>> find(std::string_view topic) override {
    return retryable("unknown_topic", std::string(topic));
  }
  std::uint64_t generation() override {
    ++looks;
    return 0;
  }
  void wait(std::span<const embedded::TopicView* const> /*topics*/, std::uint64_t /*seen*/,
            std::chrono::steady_clock::time_point until, const std::stop_token& stop) override {
    std::unique_lock lock(mutex_);
    never_.wait_until(lock, stop, until, [] { return false; });
  }
  int looks = 0;

 private:
  std::mutex mutex_;
  std::condition_variable_any never_;
};

// Each consumer spun through the last part of a millisecond of every poll: an eighth of a processor, idle.
TEST_F(EmbeddedReader, AMemberThatWaitsDoesNotSpin) {
  auto nothing = std::make_shared<Nothing>();
  Listener listener(*log_);
  const std::string topics[] = {kTopic};
  auto joined = embedded::GroupReader::join(nothing, (folder_.path() / "group").string(), topics, listener);
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE((*joined)->poll(kMib, 20ms, {}).ok());
  EXPECT_LE(nothing->looks, 5 * 8);  // two a poll, and two more where it looks for members
}

// A client that could not look gave its partitions back and was well, with no lag.
TEST_F(EmbeddedReader, AMemberThatCannotLookAtATopicSaysSo) {
  make_topic(-1);
  append(0, 1);
  const auto follower = client();
  Listener listener(*follower);
  auto member = follower->join_group("g", std::span(&kTopic, 1), listener);
  ASSERT_TRUE(member.ok());
  ASSERT_EQ((*member)->poll(1, 10s, {})->size(), 1U);
  const fs::path topic = fs::path(config_.dir) / "topics" / kTopic;
  fs::rename(topic, folder_.path() / "away");
  EXPECT_TRUE(test::wait_for([&] { return !(*member)->poll(1, 10ms, {}).ok(); }));
  EXPECT_EQ(listener.revoked_, 0U);
  EXPECT_EQ((*member)->assignment().size(), 2U);
  fs::rename(folder_.path() / "away", topic);
  append(0, 1);
  EXPECT_TRUE(test::wait_for([&] {
    const auto batch = (*member)->poll(1, 10ms, {});
    return batch.ok() && batch->size() == 1 && batch->front().offset == 1;
  })) << "and goes on where it was";
}

// Moved away and made anew: the names are the same.
TEST_F(EmbeddedReader, AMemberOfATopicThatWasMadeAnewLosesItsPosition) {
  make_topic(-1);
  append(0, 1);
  const auto follower = client();
  Listener listener(*follower);
  auto member = follower->join_group("g", std::span(&kTopic, 1), listener);
  ASSERT_TRUE(member.ok());
  ASSERT_EQ((*member)->poll(1, 10s, {})->size(), 1U);
  make_anew();
  std::string code;
  EXPECT_TRUE(test::wait_for([&] {
    const auto batch = (*member)->poll(1, 10ms, {});
    EXPECT_TRUE(!batch.ok() || batch->empty()) << "a record of the other incarnation, as if it came next";
    if (!batch.ok()) code = batch.error().code;
    return code == "position_lost" || HasFailure();
  })) << code;
  member->reset();
  auto again = follower->join_group("g", std::span(&kTopic, 1), listener);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->poll(1, 10s, {})->size(), 1U);
}

// What a process has mapped of a segment that is still written, it lets go of when that is closed: 4 GiB of
// address space each are 2 TiB of log, or 8 GiB where a process has 39 bits of it.
TEST_F(EmbeddedReader, FollowingALogTakesAddressSpaceOfItsFilesOnly) {
  make_topic(-1);
  append(0, 1);
  const auto follower = client();
  const StartPosition from[] = {{{kTopic, 0}, 0, ""}};
  auto reader = follower->reader(from);
  ASSERT_TRUE(reader.ok());
  const auto address_space_gib = [] {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    file >> pages;
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30);
  };
  const double before = address_space_gib();
  std::int64_t next = 0;
  for (int i = 0; i < 40; ++i) {
    append(0, 1);
    ASSERT_TRUE(test::wait_for([&] {
      const auto batch = (*reader)->poll(16 * kMib, 10ms, {});
      if (!batch.ok()) return false;
      for (const ReadRecord& record : *batch) EXPECT_EQ(record.offset, next++);
      return next == i + 2;
    }));
  }
  EXPECT_GT(segments().size(), 8U);
  EXPECT_LT(address_space_gib() - before, 9) << "two open ones at most";
}

// A sector that can't be read, told by a file that ends early: touched, both are a SIGBUS.
TEST_F(EmbeddedReader, WhatTheDiskDoesNotGiveIsAnErrorAndNotTheEnd) {
  make_topic(-1);
  append(0, 9);
  ASSERT_GE(segments().size(), 3U);
  const StartPosition from[] = {{{kTopic, 0}, 0, ""}};
  auto reader = log_->reader(from);
  ASSERT_TRUE(reader.ok());
  fs::resize_file(segments().front(), 1 * kMib);
  bool told = false;
  for (int i = 0; i < 20 && !told; ++i) {
    const auto batch = (*reader)->poll(1, 10ms, {});
    told = !batch.ok();
    if (!told) continue;
    EXPECT_EQ(batch.error().code, "io");
    EXPECT_NE(batch.error().message.find(segments().front().filename().string()), std::string::npos)
        << batch.error().message;
  }
  EXPECT_TRUE(told);
}

// It took the damage for the end of what there is: positions behind it passed for lost, for good.
TEST_F(EmbeddedReader, AClientThatCannotWalkATopicSaysSoAndNotThatItIsShort) {
  make_topic(-1);
  append(0, 3);
  const fs::path newest = segments().back();
  const fs::path kept = folder_.path() / "kept";
  fs::copy_file(newest, kept);
  const auto size = fs::file_size(newest);
  fs::resize_file(newest, 8192);
  const auto follower = client();
  EXPECT_FALSE(follower->watermarks({kTopic, 0}).ok());
  const StartPosition from[] = {{{kTopic, 0}, 2, ""}};
  const auto reader = follower->reader(from);
  ASSERT_FALSE(reader.ok());
  EXPECT_NE(reader.error().code, "position_lost") << reader.error().message;
  fs::resize_file(newest, size);
  {
    std::ifstream in(kept, std::ios::binary);
    std::fstream out(newest, std::ios::binary | std::ios::in | std::ios::out);
    out << in.rdbuf();
  }
  const auto marks = follower->watermarks({kTopic, 0});
  ASSERT_TRUE(marks.ok()) << marks.error().message;
  EXPECT_EQ(marks->high, 3);
}

// `log tail --follow`: its topic was moved away and made anew, and it waited for more of the old one. Also
// while another topic is busy.
TEST_F(EmbeddedReader, AReaderOfATopicThatWasMadeAnewIsToldSo) {
  const std::string busy = "reports.v1";
  make_topic(-1);
  make_topic(-1, busy);
  append(0, 1);
  const auto follower = client();
  const StartPosition from[] = {{{kTopic, 0}, 0, ""}, {{busy, 0}, 0, ""}};
  auto reader = follower->reader(from);
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ((*reader)->poll(1, 10s, {})->size(), 1U);
  make_anew();
  std::string code;
  EXPECT_TRUE(test::wait_for([&] {
    append(0, 1, 100, busy);
    const auto batch = (*reader)->poll(1, 10s, {});
    if (!batch.ok()) code = batch.error().code;
    return code == "position_lost";
  })) << code;
}

// The last records of a segment that is closed and compacted between two looks of a client.
TEST_F(EmbeddedReader, FollowingACompactedTopicPassesOverNothing) {
  log_.reset();
  options_.compact_bytes_min = 1;
  options_.keep_interval = 1h;  // as the test says
  open();
  TopicSpec spec;
  spec.name = kTopic;
  spec.partitions = 1;
  spec.compacted = true;
  spec.record_bytes_max = kMib;
  ASSERT_TRUE(log_->ensure_topic(spec).ok());
  append(0, 1, 100);
  const auto follower = client();
  const StartPosition from[] = {{{kTopic, 0}, 0, ""}};
  auto reader = follower->reader(from);
  ASSERT_TRUE(reader.ok());
  ASSERT_EQ((*reader)->poll(1, 10s, {})->size(), 1U);
  append(0, 1, 100);
  log_.reset();
  options_.keep_interval = 10ms;  // the first look of an owner comes at once
  open();
  ASSERT_TRUE(test::wait_for([&] { return fs::file_size(segments().front()) < 64 << 10; }));
  std::int64_t next = 1;
  EXPECT_TRUE(test::wait_for([&] {
    const auto batch = (*reader)->poll(1, 10ms, {});
    EXPECT_TRUE(batch.ok());
    for (const ReadRecord& record : *batch) EXPECT_EQ(record.offset, next++);
    return next == 2;
  }));
}

// Two bounds that may be set apart: a burst of more than a segment holds is two groups, not a full disk.
TEST_F(EmbeddedReader, AGroupIsNeverLargerThanASegment) {
  log_.reset();
  config_.group_bytes_max = 64 * kMib;
  open();
  make_topic(-1);
  class Acks final : public AckListener {
   public:
    void on_acks(std::span<const Ack> acks) noexcept override {
      for (const Ack& ack : acks) ++(ack.status == Ack::Status::kDurable ? durable : refused);
    }
    std::atomic<int> durable = 0, refused = 0;
  } acks;
  constexpr int kRecords = 32;
  const std::string value(512 << 10, 'x');
  auto producer = log_->producer(acks);
  ASSERT_TRUE(producer.ok());
  Record record;
  record.topic = kTopic;
  record.key = "key";
  record.value = value;
  record.timestamp_ms = now_ms();
  for (int i = 0; i < kRecords; ++i) (*producer)->append(record, static_cast<std::uint64_t>(i));
  (*producer)->submit();  // all of them at once
  EXPECT_TRUE(test::wait_for([&] { return acks.durable + acks.refused == kRecords; }));
  EXPECT_EQ(acks.refused, 0);
}

}  // namespace
}  // namespace plumbline::log
