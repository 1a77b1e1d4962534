// How much of the log stays mapped while it is read: a process of many consumers must not grow with its log.
#include <algorithm>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "core/log/embedded/embedded_log.h"
#include "tests/support/process/process.h"

namespace plumbline::log {
namespace {

constexpr std::size_t kMib = std::size_t{1} << 20;

// Of mapped files, in MiB: RssFile of proc(5).
double mapped_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stod(line.substr(8)) / 1024;
  }
  return -1;
}

// Bytes of all values that a reader was given.
std::size_t read_all(Log& log, std::size_t wanted, double* most_mib) {
  const StartPosition from{{"traces.v1", 0}, 0, ""};
  auto reader = log.reader({&from, 1});
  EXPECT_TRUE(reader.ok());
  std::size_t bytes = 0;
  while (bytes < wanted) {
    auto batch = (*reader)->poll(kMib, std::chrono::seconds(10), {});
    if (!batch.ok() || batch->empty()) break;
    for (const ReadRecord& record : *batch) {
      EXPECT_EQ(record.value.front(), record.value.back());
      bytes += record.value.size();
    }
    *most_mib = std::max(*most_mib, mapped_mib());
  }
  return bytes;
}

TEST(MappedPages, ReadingALogMapsAFewOfItsPages) {
  const test::TempFolder folder("log");
  config::Embedded config;
  config.dir = folder.path().string();
  config.segment_bytes = static_cast<std::int64_t>(32 * kMib);
  constexpr std::size_t kRecords = 96, kRecordBytes = kMib;
  const std::string value(kRecordBytes, 'x');
  {
    auto log = open_embedded(config);
    ASSERT_TRUE(log.ok()) << log.error().message;
    TopicSpec spec;
    spec.name = "traces.v1";
    spec.partitions = 1;
    spec.record_bytes_max = static_cast<std::int64_t>(2 * kMib);
    ASSERT_TRUE((*log)->ensure_topic(spec).ok());
    Record record;
    record.topic = spec.name;
    record.key = "key";
    record.value = value;
    for (std::size_t i = 0; i < kRecords; ++i) ASSERT_TRUE(append_and_wait(**log, record).ok());
    const double before = mapped_mib();
    double most = before;
    EXPECT_EQ(read_all(**log, kRecords * kRecordBytes, &most), kRecords * kRecordBytes);
    EXPECT_LT(most - before, 16);
    // What was let go of is there when it is read again.
    EXPECT_EQ(read_all(**log, kRecords * kRecordBytes, &most), kRecords * kRecordBytes);
  }
  const double before = mapped_mib();
  auto log = open_embedded(config);
  ASSERT_TRUE(log.ok()) << log.error().message;
  EXPECT_LT(mapped_mib() - before, 8) << "recovery leaves what it looked at mapped";
}

// A process that follows a topic without reading it kept all of it mapped: drift, in a soak, every trace.
TEST(MappedPages, FollowingATopicKeepsAFewOfItsPages) {
  const test::TempFolder folder("log");
  config::Embedded config;
  config.dir = folder.path().string();
  config.segment_bytes = static_cast<std::int64_t>(32 * kMib);
  auto owner = open_embedded(config);
  ASSERT_TRUE(owner.ok()) << owner.error().message;
  TopicSpec spec;
  spec.name = "traces.v1";
  spec.partitions = 1;
  ASSERT_TRUE((*owner)->ensure_topic(spec).ok());
  EmbeddedOptions client;
  client.role = EmbeddedOptions::Role::kClient;
  auto follower = open_embedded(config, client);
  ASSERT_TRUE(follower.ok()) << follower.error().message;
  const std::string value(kMib / 16, 'x');
  Record record;
  record.topic = spec.name;
  record.key = "key";
  record.value = value;
  const double before = mapped_mib();
  constexpr std::int64_t kRecords = 1024;
  for (std::int64_t i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(append_and_wait(**owner, record).ok());
    ASSERT_TRUE(test::wait_for([&] {
      const auto marks = (*follower)->watermarks({spec.name, 0});
      return marks.ok() && marks->high == i + 1;
    }));
  }
  EXPECT_LT(mapped_mib() - before, 16);
}

}  // namespace
}  // namespace plumbline::log
