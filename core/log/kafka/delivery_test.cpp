// What is Kafka's own: outages, the queue's bound, the rebuild, options that are not the user's.
#include "core/log/kafka/delivery.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log/kafka/conf.h"
#include "core/log/kafka/control.h"
#include "core/log/kafka/kafka_log.h"
#include "tests/support/kafka_broker.h"

namespace plumbline::log::kafka {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Acks final : public AckListener {
 public:
  void on_acks(std::span<const Ack> acks) noexcept override {
    const std::lock_guard hold(mutex_);
    ++bursts_;
    for (const Ack& ack : acks) {
      ++by_status_[static_cast<std::size_t>(ack.status)];
      ++count_;
      last_ = ack;
    }
    changed_.notify_all();
  }
  bool wait(std::size_t count) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, 60s, [&] { return count_ >= count; });
  }
  std::size_t count(Ack::Status status) {
    const std::lock_guard hold(mutex_);
    return by_status_[static_cast<std::size_t>(status)];
  }
  std::size_t count() {
    const std::lock_guard hold(mutex_);
    return count_;
  }
  Ack last() {
    const std::lock_guard hold(mutex_);
    return last_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t bursts_ = 0, count_ = 0;
  std::size_t by_status_[3] = {};
  Ack last_;
};

config::Kafka config_for(const tests::KafkaBroker& broker) {
  config::Kafka config;
  config.brokers = broker.bootstrap();
  config.delivery_timeout = 2s;
  return config;
}

TopicSpec spec_of(const std::string& name) {
  TopicSpec spec;
  spec.name = name;
  spec.partitions = 1;
  return spec;
}

TEST(KafkaConf, RefusesOptionsThatAPromiseRestsOn) {
  for (const auto* name :
       {"acks", "enable.idempotence", "enable.auto.commit", "auto.offset.reset", "check.crcs"}) {
    config::Kafka config;
    config.options[name] = "0";
    auto log = open_kafka(config);
    ASSERT_FALSE(log.ok()) << name;
    EXPECT_EQ(log.error().code, "config");
    EXPECT_THAT(log.error().message, HasSubstr(name));
  }
}

TEST(KafkaConf, NamesTheOptionThatLibrdkafkaRefuses) {
  config::Kafka config;
  config.options["sasl.mechanismz"] = "PLAIN";
  auto log = open_kafka(config);
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().message, HasSubstr("kafka.options.sasl.mechanismz"));
}

TEST(KafkaOutage, UnreachableBrokerIsToldAndNothingBlocks) {
  config::Kafka config;
  config.brokers = "127.0.0.1:" + std::to_string(test::free_port());
  config.delivery_timeout = 1s;
  auto log = open_kafka(config);
  ASSERT_TRUE(log.ok());
  const Status health = (*log)->healthy();
  ASSERT_FALSE(health.ok());
  EXPECT_EQ(health.error().fault, Fault::kRetryable);
  auto offset = append_and_wait(**log, {"traces.v1", 0, "k", "v", {}, 1});
  ASSERT_FALSE(offset.ok());
  EXPECT_EQ(offset.error().code, "append_refused");
}

TEST(KafkaOutage, RecordsBecomeUnconfirmedThenItRecoversByItself) {
  tests::KafkaBroker broker;
  auto log = open_kafka(config_for(broker));
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("outage")).ok());
  const Record record{"outage", 0, "k", "v", {}, 1};
  // The first record waits for a producer's id and a new topic's leader, which a slow disk may keep it from.
  ASSERT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));
  Acks acks;
  auto producer = (*log)->producer(acks);
  ASSERT_TRUE(producer.ok());
  (*producer)->append(record, 1);
  (*producer)->submit();
  ASSERT_TRUE(acks.wait(1));
  ASSERT_EQ(acks.last().status, Ack::Status::kDurable);

  broker.pause();
  (*producer)->append(record, 2);
  (*producer)->submit();
  ASSERT_TRUE(acks.wait(2));
  EXPECT_EQ(acks.last().status, Ack::Status::kUnconfirmed);
  EXPECT_FALSE(acks.last().reason.empty());
  EXPECT_TRUE(test::wait_for([&] { return !(*log)->healthy().ok(); }));
  broker.resume();
  EXPECT_TRUE(test::wait_for([&] { return (*log)->healthy().ok(); }));
  ASSERT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));

  broker.kill9();
  (*producer)->append(record, 3);
  (*producer)->submit();
  ASSERT_TRUE(acks.wait(3));
  EXPECT_EQ(acks.last().status, Ack::Status::kUnconfirmed);
  broker.start();
  ASSERT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));
  producer->reset();
  EXPECT_EQ(acks.count(), 3u);
}

TEST(KafkaOutage, AFullQueueRefuses) {
  tests::KafkaBroker broker;
  config::Kafka config = config_for(broker);
  config.queue_bytes_max = 1 << 20;
  auto log = open_kafka(config);
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("full")).ok());
  broker.pause();
  Acks acks;
  const std::string value(100 << 10, 'x');
  {
    auto producer = (*log)->producer(acks);
    for (std::uint64_t i = 0; i < 30; ++i) (*producer)->append({"full", 0, "k", value, {}, 1}, i);
    (*producer)->submit();
    ASSERT_TRUE(acks.wait(15));
    EXPECT_GE(acks.count(Ack::Status::kRefused), 15u);
    EXPECT_EQ(acks.last().reason, "queue_full");
  }
  broker.resume();
  EXPECT_EQ(acks.count(), 30u);
}

TEST(KafkaFatal, TheProducerIsRebuiltAndOutstandingRecordsAreUnconfirmed) {
  tests::KafkaBroker broker;
  config::Kafka config = config_for(broker);
  config.delivery_timeout = 30s;
  auto log = open_kafka(config);
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("fatal")).ok());
  auto delivery = Delivery::open(config);
  ASSERT_TRUE(delivery.ok());
  Acks acks;
  auto outbox = std::make_unique<Outbox>(acks);
  (*delivery)->add(*outbox);
  const Record record{"fatal", 0, "k", "v", {}, 1};
  (*delivery)->hand_over(*outbox, {{record, 1}});
  ASSERT_TRUE(acks.wait(1));
  ASSERT_EQ(acks.last().status, Ack::Status::kDurable);

  broker.pause();
  (*delivery)->hand_over(*outbox, {{record, 2}, {record, 3}});
  // Not the client itself: it was taken away by its rebuild while the test was still in it, which hung, once
  // in hundreds.
  (*delivery)->fail(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "made by a test");
  ASSERT_TRUE(acks.wait(3));
  EXPECT_EQ(acks.count(Ack::Status::kUnconfirmed), 2u);
  broker.resume();
  ASSERT_TRUE(test::wait_for([&] { return (*delivery)->rebuilds() == 1 && (*delivery)->usable(); }));
  (*delivery)->hand_over(*outbox, {{record, 4}});
  ASSERT_TRUE(acks.wait(4));
  EXPECT_EQ(acks.last().status, Ack::Status::kDurable);
  (*delivery)->remove(std::move(outbox));
  (*delivery)->close();
  EXPECT_EQ(acks.count(), 4u);
}

// Two roles that start together: the second found the topic before the broker knew its settings, and gave up.
TEST(KafkaTopic, OneThatAnotherProcessMakesRightNowIsNoMismatch) {
  tests::KafkaBroker broker;
  auto first = open_kafka(config_for(broker)), second = open_kafka(config_for(broker));
  ASSERT_TRUE(first.ok() && second.ok());
  for (int i = 0; i < 20; ++i) {
    TopicSpec spec = spec_of("made-" + std::to_string(i));
    spec.compacted = true;
    spec.record_bytes_max = 4 << 20;
    Status other = ok_status();
    std::jthread thread([&] { other = (*second)->ensure_topic(spec); });
    const Status own = (*first)->ensure_topic(spec);
    thread.join();
    EXPECT_TRUE(own.ok()) << own.error().message;
    EXPECT_TRUE(other.ok()) << other.error().message;
  }
}

// Asked without a topic, librdkafka asks for all that it has heard of, and lets the broker make those that
// aren't there.
TEST(KafkaTopic, ASignOfLifeMakesNoTopic) {
  tests::KafkaBroker broker;
  auto control = Control::open(config_for(broker));
  ASSERT_TRUE(control.ok());
  // As the edge's keys do, which look for their topic until it is there.
  std::jthread looks([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      EXPECT_FALSE((*control)->watermarks({"not-there", 0}, std::chrono::seconds(1)).ok());
  });
  for (int i = 0; i < 500; ++i) EXPECT_TRUE((*control)->ping(std::chrono::seconds(10)).ok());
  looks.request_stop();
  looks.join();
  const auto topics = (*control)->topics(std::chrono::seconds(10));
  ASSERT_TRUE(topics.ok());
  EXPECT_THAT(*topics, testing::Not(testing::Contains("not-there")));
}

TEST(KafkaTopic, SaysWhatAnExistingTopicLacks) {
  tests::KafkaBroker broker;
  auto log = open_kafka(config_for(broker));
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("checked")).ok());
  TopicSpec larger = spec_of("checked");
  larger.record_bytes_max = 4 << 20;
  Status refused = (*log)->ensure_topic(larger);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("max.message.bytes"));
  TopicSpec compacted = spec_of("checked");
  compacted.compacted = true;
  refused = (*log)->ensure_topic(compacted);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("cleanup.policy"));
  TopicSpec copies = spec_of("copies");
  copies.replication = 3;
  refused = (*log)->ensure_topic(copies);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("kafka.replication"));
}

}  // namespace
}  // namespace plumbline::log::kafka
