// Members whose coordinator stops answering (its broker died in the middle of a rebalance, as a soak found).
// They wait no longer than they must: poll says so, letting one go waits for nothing, and a new member reads
// on. And they commit nothing that could be under way then.
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

// A topic of one partition; the writer reaches the broker straight, members through the wire.
struct Setting {
  test::FaultProxy wire{0};
  KafkaBroker broker{{}, wire.port()};
  std::unique_ptr<log::Log> writer, log;
  From from;
  std::unique_ptr<log::Reader> member;

  Setting() {
    wire.send_to(broker.far_listens_on());
    wire.capture();
    config::Kafka near, far;
    near.brokers = broker.bootstrap();
    far.brokers = "127.0.0.1:" + std::to_string(wire.port());
    far.session_timeout = std::chrono::seconds(6);
    writer = require(log::open_kafka(near));
    log = require(log::open_kafka(far));
    log::TopicSpec spec;
    spec.name = kTopic;
    spec.partitions = 1;
    spec.retention = std::chrono::hours(24 * 3660);
    require(writer->ensure_topic(spec));
    append(*writer, "before");
    join();
  }
  void join() {
    const std::string topics[] = {kTopic};
    member = require(log->join_group("stuck", topics, from));
  }
  // Requests of this kind that have passed the wire.
  [[nodiscard]] int sent(int api_key) const {
    int count = 0;
    for (const std::string& bytes : wire.captured()) {
      const auto byte = [&](std::size_t i) {
        return static_cast<unsigned>(static_cast<unsigned char>(bytes[i]));
      };
      for (std::size_t at = 0; at + 6 <= bytes.size();) {
        count += static_cast<int>(byte(at + 4) << 8 | byte(at + 5)) == api_key ? 1 : 0;
        at += 4 + (byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3));
      }
    }
    return count;
  }
};

TEST(GroupStuck, AMemberThatItsGroupLeavesWithoutAnAnswerJoinsAnew) {
  Setting kafka;
  ASSERT_TRUE(reads(*kafka.member, "before"));
  kafka.from.next(1);

  kafka.wire.set(test::FaultProxy::Mode::kHold);
  append(*kafka.writer, "after");
  EXPECT_TRUE(poll_until(*kafka.member, [](const auto& said) {
    return !said.ok() && said.error().code == "group_stuck";
  })) << "the member waits for ever";
  EXPECT_EQ(kafka.from.revoked(), 1U) << "what it had is another's by now";
  kafka.member.reset();  // with nobody answering still

  kafka.wire.set(test::FaultProxy::Mode::kPass);
  kafka.join();
  EXPECT_TRUE(reads(*kafka.member, "after"));
}

TEST(GroupStuck, AMemberCommitsOnlyWhileTheClusterAnswers) {
  constexpr int kOffsetCommit = 8, kQuietPolls = 20;  // of 100 ms: more than a commit's interval
  Setting kafka;
  ASSERT_TRUE(reads(*kafka.member, "before"));
  kafka.member->commit_hint({kTopic, 0}, 1);
  int polls = 0;
  EXPECT_TRUE(
      poll_until(*kafka.member, [&](const auto& said) { return said.ok() && ++polls == kQuietPolls; }));
  EXPECT_EQ(kafka.sent(kOffsetCommit), 0) << "nothing told that the cluster answers";

  append(*kafka.writer, "after");
  EXPECT_TRUE(reads(*kafka.member, "after"));
  EXPECT_TRUE(poll_until(*kafka.member, [&](const auto&) { return kafka.sent(kOffsetCommit) == 1; }));

  kafka.member->commit_hint({kTopic, 0}, 2);  // no record follows, but the member outlives a session
  EXPECT_TRUE(poll_until(*kafka.member, [&](const auto&) { return kafka.sent(kOffsetCommit) == 2; }));
}

}  // namespace
}  // namespace plumbline::tests
