// A member whose coordinator stops answering (its broker died in the middle of a rebalance, as a soak found)
// waits no longer than it must: poll says so, letting it go waits for nothing, and a new member reads on.
#include <gtest/gtest.h>

#include "core/log/kafka/kafka_log.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/kafka_broker.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

constexpr const char* kTopic = "stuck.v1";

class From final : public log::AssignmentListener {
 public:
  Result<std::vector<log::StartPosition>> on_assigned(std::span<const log::TopicPartition> given) override {
    std::vector<log::StartPosition> from;
    for (const log::TopicPartition& at : given) from.push_back({at, next_, ""});
    return from;
  }
  void on_revoked(std::span<const log::TopicPartition> lost) override { revoked_ += lost.size(); }
  void next(std::int64_t offset) { next_ = offset; }
  [[nodiscard]] std::size_t revoked() const { return revoked_; }

 private:
  std::int64_t next_ = 0;
  std::size_t revoked_ = 0;
};

void append(log::Log& log, std::string_view value) {
  log::Record record;
  record.topic = kTopic;
  record.value = value;
  record.timestamp_ms = 1'700'000'000'000;
  (void)require(log::append_and_wait(log, record));
}

// Polls until `holds` of what poll said last.
bool poll_until(log::Reader& reader,
                const std::function<bool(const Result<std::span<const log::ReadRecord>>&)>& holds) {
  return test::wait_for([&] { return holds(reader.poll(1 << 20, std::chrono::milliseconds(100), {})); },
                        std::chrono::seconds(90));
}

bool reads(log::Reader& reader, std::string_view value) {
  return poll_until(
      reader, [&](const auto& said) { return said.ok() && !said->empty() && said->front().value == value; });
}

TEST(GroupStuck, AMemberThatItsGroupLeavesWithoutAnAnswerJoinsAnew) {
  test::FaultProxy wire(0);
  KafkaBroker broker({}, wire.port());
  wire.send_to(broker.far_listens_on());
  config::Kafka near, far;
  near.brokers = broker.bootstrap();
  far.brokers = "127.0.0.1:" + std::to_string(wire.port());
  far.session_timeout = std::chrono::seconds(6);
  const auto writer = require(log::open_kafka(near)), log = require(log::open_kafka(far));
  log::TopicSpec spec;
  spec.name = kTopic;
  spec.partitions = 1;
  spec.retention = std::chrono::hours(24 * 3660);
  require(writer->ensure_topic(spec));
  append(*writer, "before");

  const std::string topics[] = {kTopic};
  From from;
  auto member = require(log->join_group("stuck", topics, from));
  ASSERT_TRUE(reads(*member, "before"));
  from.next(1);

  wire.set(test::FaultProxy::Mode::kHold);
  append(*writer, "after");
  EXPECT_TRUE(poll_until(*member, [](const auto& said) {
    return !said.ok() && said.error().code == "group_stuck";
  })) << "the member waits for ever";
  EXPECT_EQ(from.revoked(), 1U) << "what it had is another's by now";
  member.reset();  // with nobody answering still

  wire.set(test::FaultProxy::Mode::kPass);
  member = require(log->join_group("stuck", topics, from));
  EXPECT_TRUE(reads(*member, "after"));
}

}  // namespace
}  // namespace plumbline::tests
