// persist.threads: members of one process share the partitions of a real embedded log.
#include <atomic>

#include "core/log/embedded/embedded_log.h"
#include "tests/integration/persist/persist_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

constexpr std::int32_t kPartitions = 4;
constexpr int kFrames = 60;

class Acks final : public log::AckListener {
 public:
  void on_acks(std::span<const log::Ack> acks) noexcept override {
    for (const log::Ack& ack : acks) durable_ += ack.status == log::Ack::Status::kDurable ? 1 : 0;
  }
  std::atomic<int> durable_{0};
};

TEST_F(PersistTest, ThreadsShareThePartitionsAndStoreEachTraceOnce) {
  test::TempFolder folder("persist-threads");
  config::Embedded embedded;
  embedded.dir = (folder.path() / "log").string();
  const auto log = require(log::open_embedded(embedded));
  for (const auto name :
       {frame::kTracesTopic, frame::kReportsTopic, frame::kOutcomesTopic, frame::kDeadTopic}) {
    log::TopicSpec spec;
    spec.name = std::string(name);
    spec.partitions = kPartitions;
    spec.record_bytes_max = 1 << 20;
    require(log->ensure_topic(spec));
  }
  options_.threads = 3;
  options_.poll_wait = 5ms;
  persist::PersistRole role(options_, postgres_, *log, clock_, metrics_);
  role.start();
  Acks acks;
  const auto producer = require(log->producer(acks));
  for (int frame = 0; frame < kFrames; ++frame) {
    const std::string& entry = entries_[static_cast<std::size_t>(frame) % entries_.size()];
    const StoredRecord made = frame_of(
        {.stream = "a", .seq = static_cast<std::uint64_t>(frame / kPartitions)},
        {decision_event("a", entry, uuid_of(2 * frame)), decision_event("a", entry, uuid_of(2 * frame + 1))});
    std::vector<log::Header> headers;
    for (const auto& [name, value] : made.headers) headers.push_back({name, value});
    log::Record record;
    record.topic = frame::kTracesTopic;
    record.partition = frame % kPartitions;
    record.key = made.key;
    record.value = made.value;
    record.headers = headers;
    record.timestamp_ms = made.timestamp_ms;
    producer->append(record, 0);
    producer->submit();
  }
  EXPECT_TRUE(test::wait_for([&] { return acks.durable_ == kFrames; }));
  EXPECT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM plumbline.traces") == 2 * kFrames; }));
  role.stop();
  EXPECT_EQ(ledger(), "120 0 0 0");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.log_holes"), 0);
}

}  // namespace
}  // namespace plumbline::tests
