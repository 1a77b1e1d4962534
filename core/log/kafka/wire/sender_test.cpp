// The native producer against real brokers: copies, a leader that dies, too few copies, a lost identity.
#include "core/log/kafka/wire/sender.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "core/log/kafka/conf.h"
#include "core/log/kafka/kafka_log.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/kafka_broker.h"

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Acks final : public AckListener {
 public:
  void on_acks(std::span<const Ack> acks) noexcept override {
    const std::lock_guard hold(mutex_);
    all_.insert(all_.end(), acks.begin(), acks.end());
    changed_.notify_all();
  }
  bool wait(std::size_t count) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, 90s, [&] { return all_.size() >= count; });
  }
  std::vector<Ack> all() {
    const std::lock_guard hold(mutex_);
    return all_;
  }
  std::size_t count(Ack::Status status) {
    const auto seen = all();
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const Ack& ack) { return ack.status == status; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Ack> all_;
};

config::Kafka config_of(const std::string& brokers, std::chrono::milliseconds delivery_timeout = 30s) {
  config::Kafka config;
  config.brokers = brokers;
  config.delivery_timeout = delivery_timeout;
  return config;
}

std::string at_port(int port) {
  return "127.0.0.1:" + std::to_string(port);
}

TopicSpec spec_of(const std::string& name, std::int32_t partitions = 1, std::int16_t replication = 1) {
  TopicSpec spec;
  spec.name = name;
  spec.partitions = partitions;
  spec.replication = replication;
  return spec;
}

// Values of a partition as a reader of librdkafka sees them, which checks their sums.
std::vector<std::string> values_of(Log& log, const std::string& topic, std::int32_t partition) {
  const TopicPartition at{topic, partition};
  const auto marks = log.watermarks(at);
  EXPECT_TRUE(marks.ok());
  const std::vector<StartPosition> from{{at, 0, ""}};
  auto reader = log.reader(from);
  EXPECT_TRUE(reader.ok());
  std::vector<std::string> values;
  std::int64_t next = 0;
  EXPECT_TRUE(test::wait_for([&] {
    if (next >= marks->high) return true;
    const auto records = (*reader)->poll(1 << 20, 100ms, {});
    if (!records) return false;
    for (const ReadRecord& record : *records) {
      values.emplace_back(record.value);
      next = record.offset + 1;
    }
    return next >= marks->high;
  }));
  return values;
}

TEST(WireSender, BrokersThatCantBeReadAreNamed) {
  for (const auto* brokers : {"", ",", "host:0", "host:99999", "host:9o92", "SASL_SSL://host:9092", "[::1"}) {
    const auto sender = Sender::open(config_of(brokers));
    ASSERT_FALSE(sender.ok()) << brokers;
    EXPECT_EQ(sender.error().code, "config");
    EXPECT_THAT(sender.error().message, HasSubstr("kafka.brokers"));
  }
  for (const auto* brokers : {"localhost", "a:1,b:2", " a:1 , [::1]:9092 ", "PLAINTEXT://127.0.0.1:9092"})
    EXPECT_TRUE(Sender::open(config_of(brokers, 1s)).ok()) << brokers;
}

TEST(WireSender, FieldsComeBackAsTheyWereGiven) {
  tests::KafkaBroker broker;
  auto log = open_kafka(config_of(broker.bootstrap()));
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("fields")).ok());
  Acks acks;
  auto producer = (*log)->producer(acks);
  ASSERT_TRUE(producer.ok());
  const std::string large(3 << 20, 'l');  // beyond one batch
  const Header headers[] = {{"tenant", "acme"}, {"empty", ""}};
  (*producer)->append({"fields", 0, "k", "v", headers, 1'700'000'000'123}, 1);
  (*producer)->append({"fields", 0, "", "", {}, 1'600'000'000'000}, 2);
  const TopicSpec spec = spec_of("fields");
  (*producer)->append({"fields", 0, "k", std::string_view(large).substr(0, 900'000), {}, 1'700'000'000'124},
                      3);
  (*producer)->append({"fields", 0, "k", std::string_view(large).substr(0, 900'000), {}, 1'700'000'000'125},
                      4);
  (*producer)->append({"fields", 0, "k", large, {}, 1}, 5);
  (*producer)->submit();
  ASSERT_TRUE(acks.wait(5));
  EXPECT_EQ(acks.count(Ack::Status::kDurable), 4u);
  EXPECT_EQ(acks.count(Ack::Status::kRefused), 1u);  // the topic's bound
  for (const Ack& ack : acks.all()) {
    if (ack.status == Ack::Status::kDurable) {
      EXPECT_EQ(ack.offset, static_cast<std::int64_t>(ack.token) - 1);
    }
  }
  const std::vector<StartPosition> from{{{"fields", 0}, 0, ""}};
  auto reader = (*log)->reader(from);
  std::int64_t seen = 0;
  ASSERT_TRUE(test::wait_for([&] {
    const auto records = (*reader)->poll(8 << 20, 100ms, {});
    if (!records) return false;
    for (const ReadRecord& record : *records) {
      EXPECT_EQ(record.offset, seen);
      if (seen == 0) {
        EXPECT_EQ(record.key, "k");
        EXPECT_EQ(record.value, "v");
        EXPECT_EQ(record.timestamp_ms, 1'700'000'000'123);
        EXPECT_EQ(record.headers.size(), 2u);
        EXPECT_EQ(record.header("tenant"), "acme");
      }
      if (seen == 1) {
        EXPECT_EQ(record.value, "");
        EXPECT_EQ(record.timestamp_ms, 1'600'000'000'000);
        EXPECT_TRUE(record.headers.empty());
      }
      ++seen;
    }
    return seen == 4;
  }));
}

// The request arrives and the answer to it does not: the batch goes again, and the broker knows it.
TEST(WireSender, AnAnswerThatIsLostMakesNoCopy) {
  test::FaultProxy proxy(0);
  tests::KafkaBroker broker({}, proxy.port());
  proxy.send_to(broker.far_listens_on());
  proxy.capture();
  auto near = open_kafka(config_of(broker.bootstrap()));
  auto sender = Sender::open(config_of(at_port(proxy.port())));
  ASSERT_TRUE(near.ok() && sender.ok());
  ASSERT_TRUE((*near)->ensure_topic(spec_of("lost")).ok());
  Acks acks;
  auto outbox = std::make_unique<Outbox>(acks);
  (*sender)->add(*outbox);
  const auto send = [&](const std::string& value, std::uint64_t token) {
    (*sender)->hand_over(*outbox, {{{"lost", 0, "k", value, {}, 1}, token}});
    return acks.wait(token);
  };
  const auto sent_bytes = [&] {
    std::size_t bytes = 0;
    for (const std::string& connection : proxy.captured()) bytes += connection.size();
    return bytes;
  };
  ASSERT_TRUE(send("value-0", 1));
  const std::size_t before = sent_bytes();
  ASSERT_TRUE(send("value-1", 2));
  const auto request = static_cast<std::int64_t>(sent_bytes() - before);
  ASSERT_GT(request, 61);
  for (std::uint64_t i = 2; i < 8; ++i) {
    const std::int64_t cuts = proxy.cuts();
    proxy.cut_after(request + 1);  // all of the request, one byte of its answer
    ASSERT_TRUE(send("value-" + std::to_string(i), i + 1));
    EXPECT_GT(proxy.cuts(), cuts) << "nothing was lost";
  }
  EXPECT_EQ(acks.count(Ack::Status::kDurable), 8u);
  (*sender)->remove(std::move(outbox));
  (*sender)->close();
  const auto values = values_of(**near, "lost", 0);
  ASSERT_EQ(values.size(), 8u);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], "value-" + std::to_string(i));
}

// A request that the broker does not take is sent again, but not at once, and what is not to blame gets
// through.
TEST(WireSender, ABrokerThatClosesEveryTimeIsNotStormed) {
  test::FaultProxy proxy(0);
  tests::KafkaBroker broker({{"socket.request.max.bytes", "100000"}}, proxy.port());
  proxy.send_to(broker.far_listens_on());
  proxy.capture();
  auto near = open_kafka(config_of(broker.bootstrap()));
  auto sender = Sender::open(config_of(at_port(proxy.port()), 3s));
  ASSERT_TRUE(near.ok() && sender.ok());
  ASSERT_TRUE((*near)->ensure_topic(spec_of("closes")).ok());
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string noise(300'000, ' ');
  for (char& c : noise) c = static_cast<char>(random());
  Acks acks;
  auto outbox = std::make_unique<Outbox>(acks);
  (*sender)->add(*outbox);
  (*sender)->hand_over(*outbox, {{{"closes", 0, "k", noise, {}, 1}, 1}});
  ASSERT_TRUE(acks.wait(1));
  EXPECT_EQ(acks.all()[0].status, Ack::Status::kUnconfirmed);
  const std::size_t connections = proxy.captured().size();
  EXPECT_GE(connections, 3u) << "not tried again";
  EXPECT_LE(connections, 40u) << "within three seconds";
  (*sender)->hand_over(*outbox, {{{"closes", 0, "k", "small", {}, 1}, 2}});
  ASSERT_TRUE(acks.wait(2));
  EXPECT_EQ(acks.all()[1].status, Ack::Status::kDurable);
  (*sender)->remove(std::move(outbox));
  (*sender)->close();
  EXPECT_EQ(values_of(**near, "closes", 0), std::vector<std::string>{"small"});
}

// What timed out may have reached the broker; once a later record is in the log, it no longer gets there.
TEST(WireSender, WhatTimedOutIsNotFoundBehindWhatCameLater) {
  tests::KafkaBroker broker;
  auto log = open_kafka(config_of(broker.bootstrap()));
  auto sender = Sender::open(config_of(broker.bootstrap(), 1s));
  ASSERT_TRUE(log.ok() && sender.ok());
  ASSERT_TRUE((*log)->ensure_topic(spec_of("late")).ok());
  Acks acks;
  auto outbox = std::make_unique<Outbox>(acks);
  (*sender)->add(*outbox);
  std::uint64_t token = 0;
  const auto send = [&] {
    const std::string value = std::to_string(++token);
    (*sender)->hand_over(*outbox, {{{"late", 0, "k", value, {}, 1}, token}});
    return acks.wait(token);
  };
  ASSERT_TRUE(test::wait_for([&] { return send() && acks.all().back().status == Ack::Status::kDurable; }));
  for (int round = 0; round < 5; ++round) {
    broker.pause();
    ASSERT_TRUE(send());
    EXPECT_EQ(acks.all().back().status, Ack::Status::kUnconfirmed);
    (*sender)->hand_over(*outbox, {{{"late", 0, "k", std::to_string(token + 1), {}, 1}, token + 1}});
    ++token;
    broker.resume();
    ASSERT_TRUE(acks.wait(token));
    ASSERT_TRUE(test::wait_for([&] { return send() && acks.all().back().status == Ack::Status::kDurable; }));
  }
  (*sender)->remove(std::move(outbox));
  (*sender)->close();
  const auto values = values_of(**log, "late", 0);
  std::set<std::uint64_t> found;
  std::uint64_t last = 0;
  for (const std::string& value : values) {
    const std::uint64_t number = std::stoull(value);
    EXPECT_GT(number, last) << "out of order, or twice";
    last = number;
    found.insert(number);
  }
  for (const Ack& ack : acks.all()) {
    if (ack.status == Ack::Status::kDurable) {
      EXPECT_TRUE(found.contains(ack.token)) << ack.token;
    }
  }
}

TEST(WireSender, ClosingWhileRecordsComeAcksEachOnce) {
  for (int round = 0; round < 10; ++round) {
    auto sender = Sender::open(config_of(at_port(test::free_port()), 1s));
    ASSERT_TRUE(sender.ok());
    constexpr std::uint64_t kEach = 2'000;
    std::array<Acks, 3> acks;
    std::vector<std::jthread> producers;
    for (Acks& mine : acks) {
      producers.emplace_back([&mine, &sender] {
        auto outbox = std::make_unique<Outbox>(mine);
        (*sender)->add(*outbox);
        for (std::uint64_t token = 0; token < kEach; ++token)
          (*sender)->hand_over(*outbox,
                               {{{"closing", static_cast<std::int32_t>(token % 3), "k", "v", {}, 1}, token}});
        EXPECT_TRUE(mine.wait(kEach));
        (*sender)->remove(std::move(outbox));
      });
    }
    ASSERT_TRUE(acks[0].wait(round == 0 ? 0 : 1));
    (*sender)->close();
    producers.clear();
    for (Acks& mine : acks) {
      std::set<std::uint64_t> tokens;
      for (const Ack& ack : mine.all()) tokens.insert(ack.token);
      EXPECT_EQ(mine.all().size(), kEach);
      EXPECT_EQ(tokens.size(), kEach);
      EXPECT_EQ(mine.count(Ack::Status::kDurable), 0u);
    }
  }
}

TEST(WireSender, ALeaderThatDiesIsFollowedByTheNext) {
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

TEST(WireSender, TooFewCopiesHoldUpTheirTopicOnly) {
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

TEST(WireSender, ALostIdentityEndsWhatIsOutAndNothingElse) {
  tests::KafkaBroker broker;
  auto log = open_kafka(config_of(broker.bootstrap()));
  ASSERT_TRUE((*log)->ensure_topic(spec_of("identity")).ok());
  auto sender = Sender::open(config_of(broker.bootstrap()));
  ASSERT_TRUE(sender.ok());
  Acks acks;
  auto outbox = std::make_unique<Outbox>(acks);
  (*sender)->add(*outbox);
  const auto hand_over = [&](std::uint64_t token) {
    const std::string value = std::to_string(token);
    (*sender)->hand_over(*outbox, {{{"identity", 0, "k", value, {}, 1}, token}});
  };
  hand_over(1);
  ASSERT_TRUE(acks.wait(1));
  ASSERT_EQ(acks.all()[0].status, Ack::Status::kDurable);
  broker.pause();
  hand_over(2);
  // Out, for all that can be seen from here, once the identity that is lost is one that it was sent under.
  ASSERT_TRUE(test::wait_for([&] {
    (*sender)->fail();
    return acks.all().size() == 2;
  }));
  EXPECT_EQ(acks.all()[1].status, Ack::Status::kUnconfirmed);
  EXPECT_GE((*sender)->rebuilds(), 1u);
  hand_over(3);
  broker.resume();
  ASSERT_TRUE(acks.wait(3));
  EXPECT_EQ(acks.all()[2].status, Ack::Status::kDurable);
  (*sender)->remove(std::move(outbox));
  (*sender)->close();
  EXPECT_EQ(acks.all().size(), 3u);
  const auto values = values_of(**log, "identity", 0);
  EXPECT_EQ(std::count(values.begin(), values.end(), "3"), 1);
  EXPECT_LE(std::count(values.begin(), values.end(), "2"), 1);
}

}  // namespace
}  // namespace plumbline::log::kafka::wire
