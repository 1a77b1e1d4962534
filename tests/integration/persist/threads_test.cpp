// persist.threads: members of one process share the partitions of a real embedded log.
#include <atomic>

#include "tests/integration/persist/persist_fixture.h"
#include "tests/integration/persist/real_log.h"

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
  const RealLog log("persist-threads", kPartitions,
                    {frame::kTracesTopic, frame::kReportsTopic, frame::kOutcomesTopic, frame::kDeadTopic});
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
    producer->append(RealLog::record_of(frame::kTracesTopic, frame % kPartitions, made, headers), 0);
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
