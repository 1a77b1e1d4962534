// The native producer against a real broker: fields, lost answers, requests not taken, late copies, closing.
#include "core/log/kafka/wire/sender.h"

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log/kafka/kafka_log.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/kafka_broker.h"
#include "tests/support/kafka_records.h"

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using tests::Acks;
using tests::at_port;
using tests::config_of;
using tests::spec_of;
using tests::values_of;

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
