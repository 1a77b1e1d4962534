// The native producer with two brokers: a leader that dies, copies that are too few.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "core/log/kafka/conf.h"
#include "core/log/kafka/kafka_log.h"
#include "tests/support/kafka_broker.h"
#include "tests/support/kafka_records.h"

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::chrono_literals;
using tests::Acks;
using tests::config_of;
using tests::spec_of;
using tests::values_of;

TEST(WireTwoBrokers, ALeaderThatDiesIsFollowedByTheNext) {
  tests::KafkaBroker first, second({}, 0, &first);
  auto log = open_kafka(config_of(first.bootstrap()));
  ASSERT_TRUE(log.ok());
  constexpr std::int32_t kPartitions = 4;
  ASSERT_TRUE(test::wait_for([&] { return (*log)->ensure_topic(spec_of("moves", kPartitions, 2)).ok(); }));
  Acks acks;
  auto producer = (*log)->producer(acks);
  ASSERT_TRUE(producer.ok());
  std::uint64_t sent = 0;
  const auto send = [&](std::uint64_t rounds) {
    for (const std::uint64_t until = sent + rounds * kPartitions; sent < until; ++sent) {
      const std::string value = std::to_string(sent / kPartitions);
      (*producer)->append({"moves", static_cast<std::int32_t>(sent % kPartitions), "k", value, {}, 1}, sent);
      (*producer)->submit();
    }
  };
  send(50);
  ASSERT_TRUE(acks.wait(sent));
  send(50);
  second.kill9();  // it leads two of the four
  send(50);
  ASSERT_TRUE(acks.wait(sent));
  EXPECT_EQ(acks.count(Ack::Status::kDurable), sent);
  second.start();
  send(50);
  ASSERT_TRUE(acks.wait(sent));
  EXPECT_EQ(acks.count(Ack::Status::kDurable), sent);
  for (std::int32_t p = 0; p < kPartitions; ++p) {
    const auto values = values_of(**log, "moves", p);
    ASSERT_EQ(values.size(), sent / kPartitions) << p;
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], std::to_string(i)) << p;
  }
}

TEST(WireTwoBrokers, APartitionWithoutALeaderIsToldAndHoldsUpNobodyElse) {
  tests::KafkaBroker first, second({}, 0, &first);
  // The cluster calls the broker gone after its session of seconds: well before the record times out.
  auto log = open_kafka(config_of(first.bootstrap(), 20s));
  ASSERT_TRUE(log.ok());
  // A topic of two copies can be made only when both brokers take part.
  ASSERT_TRUE(test::wait_for([&] { return (*log)->ensure_topic(spec_of("both", 1, 2)).ok(); }));
  // One copy of each of two partitions: one of them is on the broker that goes.
  ASSERT_TRUE(test::wait_for([&] { return (*log)->ensure_topic(spec_of("halves", 2)).ok(); }));
  const Record records[] = {{"halves", 0, "k", "v", {}, 1}, {"halves", 1, "k", "v", {}, 1}};
  for (const Record& record : records)
    ASSERT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));
  second.kill9();
  testing::internal::CaptureStderr();
  Acks acks;
  auto producer = (*log)->producer(acks);
  ASSERT_TRUE(producer.ok());
  for (const Record& record : records)
    (*producer)->append(record, static_cast<std::uint64_t>(record.partition));
  (*producer)->submit();
  const bool answered = acks.wait(2);
  const std::string told = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(answered) << told;
  EXPECT_EQ(acks.count(Ack::Status::kDurable), 1u);
  EXPECT_EQ(acks.all()[0].status, Ack::Status::kDurable) << "held up by the other";
  EXPECT_EQ(acks.all()[1].status, Ack::Status::kUnconfirmed);
  EXPECT_NE(told.find("\"no_leader\""), std::string::npos) << told;
  EXPECT_NE(told.find("halves/" + std::to_string(acks.all()[1].token)), std::string::npos) << told;
  second.start();
  for (const Record& record : records)
    EXPECT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));
}

// Replaces all settings of a topic by one.
bool set_topic(const config::Kafka& config, const char* topic, const char* name, const char* value) {
  auto conf = make_conf(config, control_settings(config));
  if (!conf) return false;
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return false;
  const Queue answers(rd_kafka_queue_new(client->get()));
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
  rd_kafka_ConfigResource_set_config(resource, name, value);
  rd_kafka_AlterConfigs(client->get(), &resource, 1, nullptr, answers.get());
  const Event done(rd_kafka_queue_poll(answers.get(), 30'000));
  rd_kafka_ConfigResource_destroy(resource);
  return done && rd_kafka_event_error(done.get()) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Copies of a topic's first partition that follow its leader, the leader among them.
int in_sync(const config::Kafka& config, const char* name) {
  auto conf = make_conf(config, control_settings(config));
  if (!conf) return -1;
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return -1;
  const kafka::Topic topic(rd_kafka_topic_new(client->get(), name, nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(client->get(), 0, topic.get(), &raw, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return -1;
  const Metadata held(raw);
  return raw->topic_cnt == 1 && raw->topics[0].partition_cnt > 0 ? raw->topics[0].partitions[0].isr_cnt : -1;
}

TEST(WireTwoBrokers, TooFewCopiesHoldUpTheirTopicOnly) {
  tests::KafkaBroker first;
  auto log = open_kafka(config_of(first.bootstrap(), 3s));
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("alone")).ok());  // before there is another to lead it
  tests::KafkaBroker second({}, 0, &first);
  ASSERT_TRUE(test::wait_for([&] { return (*log)->ensure_topic(spec_of("copies", 1, 2)).ok(); }));
  ASSERT_TRUE(set_topic(config_of(first.bootstrap()), "copies", "min.insync.replicas", "2"));
  Acks acks;
  auto producer = (*log)->producer(acks);
  const Record record{"copies", 0, "k", "v", {}, 1};
  ASSERT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));
  second.kill9();
  // Until the cluster knows that it is gone, an answer waits for it, and all that came on the same connection
  // too.
  ASSERT_TRUE(test::wait_for([&] { return in_sync(config_of(first.bootstrap()), "copies") == 1; }));
  (*producer)->append(record, 1);
  (*producer)->submit();
  std::size_t beside = 0;
  while (acks.all().empty()) {
    ASSERT_TRUE(append_and_wait(**log, {"alone", 0, "k", "v", {}, 1}).ok());
    ++beside;
  }
  EXPECT_GT(beside, 20u) << "held up with the other";
  EXPECT_EQ(acks.all()[0].status, Ack::Status::kUnconfirmed);
  second.start();
  ASSERT_TRUE(test::wait_for([&] { return append_and_wait(**log, record).ok(); }));
}

}  // namespace
}  // namespace plumbline::log::kafka::wire
