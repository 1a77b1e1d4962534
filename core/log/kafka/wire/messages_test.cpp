// The bytes of the protocol, against Kafka's documents; what a broker answers wrongly is told, never read.
#include "core/log/kafka/wire/messages.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "core/log/crc32c.h"
#include "core/log/kafka/wire/batch.h"

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string versions_answer(std::int16_t produce_max) {
  std::string out;
  Writer w(out);
  w.i16(0);
  w.i32(3);
  for (const auto& [key, low, high] :
       {std::array<std::int16_t, 3>{0, 3, produce_max}, {3, 0, 13}, {22, 0, 5}}) {
    w.i16(key);
    w.i16(low);
    w.i16(high);
  }
  return out;
}

std::string metadata_answer() {
  std::string out;
  Writer w(out);
  w.i32(0);
  w.i32(2);
  for (const std::int32_t id : {1, 2}) {
    w.i32(id);
    w.text("broker" + std::to_string(id));
    w.i32(9090 + id);
    w.i16(-1);
  }
  w.text("cluster");
  w.i32(1);
  w.i32(2);
  w.i16(0);
  w.text("traces.v1");
  w.i8(0);
  w.i32(2);
  for (const std::int32_t partition : {0, 1}) {
    w.i16(partition == 0 ? std::int16_t{0} : std::int16_t{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
    w.i32(partition);
    w.i32(2);
    w.i32(2);  // replicas
    w.i32(1);
    w.i32(2);
    w.i32(1);  // in sync
    w.i32(2);
  }
  w.i16(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  w.text("nothing");
  w.i8(0);
  w.i32(0);
  return out;
}

std::string produced_answer() {
  std::string out;
  Writer w(out);
  w.i32(1);
  w.text("traces.v1");
  w.i32(2);
  for (const std::int32_t partition : {0, 7}) {
    w.i32(partition);
    w.i16(partition == 0 ? std::int16_t{0} : std::int16_t{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
    w.i64(partition == 0 ? 42 : -1);
    w.i64(-1);
    w.i64(0);
  }
  w.i32(0);
  return out;
}

TEST(WireMessages, FramesAreThoseOfKafkasDocuments) {
  std::string out;
  ask_versions(out, 5);
  // length, key 18, version 0, correlation 5, "plumbline"
  EXPECT_EQ(hex(out),
            "00000013"
            "0012"
            "0000"
            "00000005"
            "0009" +
                hex("plumbline"));
  out.clear();
  const std::vector<std::string> topics{"a"};
  ask_metadata(out, 6, topics);
  EXPECT_EQ(hex(out),
            "0000001b"
            "0003"
            "0004"
            "00000006"
            "0009" +
                hex("plumbline") +
                "00000001"
                "0001"
                "61"
                "00");
  out.clear();
  ask_identity(out, 7);
  EXPECT_EQ(hex(out),
            "00000019"
            "0016"
            "0000"
            "00000007"
            "0009" +
                hex("plumbline") +
                "ffff"
                "0000ea60");
  out.clear();
  ProduceHead::begin(out, 8, 8000, 1);
  ProduceHead::topic(out, "a", 1);
  ProduceHead::partition(out, 3, 4);
  out += "rows";
  ProduceHead::finish(out, out.size());
  EXPECT_EQ(hex(out),
            "00000032"
            "0000"
            "0007"
            "00000008"
            "0009" +
                hex("plumbline") +
                "ffff"
                "ffff"
                "00001f40"
                "00000001"
                "0001"
                "61"
                "00000001"
                "00000003"
                "00000004" +
                hex("rows"));
}

TEST(WireMessages, AnswersAreRead) {
  EXPECT_TRUE(read_versions(versions_answer(11)).ok());
  const auto cluster = read_metadata(metadata_answer());
  ASSERT_TRUE(cluster.ok());
  ASSERT_EQ(cluster->nodes.size(), 2u);
  EXPECT_EQ(cluster->nodes[1].host, "broker2");
  EXPECT_EQ(cluster->nodes[1].port, 9092);
  ASSERT_EQ(cluster->leaders.size(), 2u);
  EXPECT_EQ(cluster->leaders[0].node, 2);
  EXPECT_EQ(cluster->leaders[1].node, -1) << "LEADER_NOT_AVAILABLE";
  EXPECT_THAT(cluster->trouble, HasSubstr("traces.v1/1"));
  std::vector<Produced> produced;
  const std::string answer = produced_answer();
  ASSERT_TRUE(read_produced(answer, produced).ok());
  ASSERT_EQ(produced.size(), 2u);
  EXPECT_EQ(produced[0].topic, "traces.v1");
  EXPECT_EQ(produced[0].base_offset, 42);
  EXPECT_EQ(produced[1].partition, 7);
  EXPECT_EQ(fate_of(produced[1].error), Fate::kAgain);
}

TEST(WireMessages, ABrokerThatLacksARequestIsNamed) {
  const Status old = read_versions(versions_answer(5));
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().fault, Fault::kFatal);
  EXPECT_THAT(old.error().message, HasSubstr("Produce 7"));
}

// Whatever is cut off or turned over: an error or a value, and no byte behind the end is touched (ASan).
TEST(WireMessages, DamagedAnswersAreToldNotFollowed) {
  const std::uint64_t seed = std::random_device{}();
  std::printf("PLUMBLINE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::array<std::string, 3> answers{versions_answer(11), metadata_answer(), produced_answer()};
  const auto read = [](std::size_t which, std::string_view bytes) {
    std::vector<Produced> produced;
    if (which == 0) return read_versions(bytes).ok();
    if (which == 1) return read_metadata(bytes).ok();
    return read_produced(bytes, produced).ok();
  };
  for (std::size_t which = 0; which < answers.size(); ++which) {
    // What a later version may add behind the last field is nobody's loss.
    const std::size_t unread = which == 2 ? 4 : 0;
    for (std::size_t bytes = 0; bytes + unread < answers[which].size(); ++bytes) {
      const std::string cut = answers[which].substr(0, bytes);
      EXPECT_FALSE(read(which, {cut.data(), cut.size()})) << which << " cut to " << bytes;
    }
    for (int i = 0; i < 20'000; ++i) {
      std::string turned = answers[which];
      for (std::uint64_t n = 1 + random() % 3; n > 0; --n)
        turned[random() % turned.size()] = static_cast<char>(random());
      (void)read(which, turned);
    }
  }
}

TEST(WireMessages, WhatErrorsMean) {
  EXPECT_EQ(fate_of(0), Fate::kDurable);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER), Fate::kDurable);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Fate::kRefused);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), Fate::kRefused);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION), Fate::kMoved);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT), Fate::kMoved);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND), Fate::kAgain);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER), Fate::kBroken);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_PRODUCER_FENCED), Fate::kFenced);
  EXPECT_EQ(fate_of(12'345), Fate::kAgain) << "an error that only later brokers know";
}

TEST(WireBatch, HeaderAndSumAreThoseOfTheDocuments) {
  Batch batch({});
  Slot slots[2];
  const Header headers[] = {{"tenant", "t"}};
  batch.add({"traces.v1", 0, "key", "value", headers, 1'000}, &slots[0]);
  batch.add({"traces.v1", 0, "key", "", {}, 998}, &slots[1]);
  std::string scratch;
  batch.seal({77, 3}, 5, scratch);
  const std::string_view bytes = batch.wire();
  Reader r(bytes);
  EXPECT_EQ(r.i64(), 0);
  EXPECT_EQ(static_cast<std::size_t>(r.i32()) + 12, bytes.size());
  EXPECT_EQ(r.i32(), -1);
  EXPECT_EQ(r.i8(), 2);
  const auto sum = static_cast<std::uint32_t>(r.i32());
  EXPECT_EQ(sum, crc32c_table(0, bytes.data() + 21, bytes.size() - 21));
  EXPECT_EQ(r.i16(), 0) << "too small to be packed";
  EXPECT_EQ(r.i32(), 1);      // last offset
  EXPECT_EQ(r.i64(), 1'000);  // first time
  EXPECT_EQ(r.i64(), 1'000);  // latest time
  EXPECT_EQ(r.i64(), 77);
  EXPECT_EQ(r.i16(), 3);
  EXPECT_EQ(r.i32(), 5);
  EXPECT_EQ(r.i32(), 2);
  // Lengths and numbers in zigzag: 23 bytes, no attributes, +0 ms, offset 0, key, value, one header; then 9
  // bytes, -2 ms, offset 1, key, no value, no header.
  EXPECT_EQ(hex(bytes.substr(61)),
            "2e"
            "00"
            "00"
            "00"
            "06" +
                hex("key") + "0a" + hex("value") +
                "02"
                "0c" +
                hex("tenant") + "02" + hex("t") +
                "12"
                "00"
                "03"
                "02"
                "06" +
                hex("key") +
                "01"
                "00");
}

TEST(WireBatch, ManyAlikeArePackedAndTheSumIsOfWhatTravels) {
  Batch batch({});
  Slot slot;
  const std::string value(500, 'v');
  std::size_t bound = 0;
  for (int i = 0; i < 200; ++i) {
    const Record record{"traces.v1", 0, "key", value, {}, 1'000 + i};
    bound += Batch::bytes_of(record);
    batch.add(record, &slot);
  }
  EXPECT_LE(batch.bytes(), bound);
  EXPECT_GE(batch.bytes(), 200 * value.size());
  std::string scratch;
  batch.seal({1, 0}, 0, scratch);
  const std::string_view bytes = batch.wire();
  EXPECT_LT(bytes.size(), batch.bytes() / 4);
  Reader attributes(bytes.substr(21, 2));
  EXPECT_EQ(attributes.i16(), 3) << "lz4";
  Reader sum(bytes.substr(17, 4));
  EXPECT_EQ(static_cast<std::uint32_t>(sum.i32()), crc32c_table(0, bytes.data() + 21, bytes.size() - 21));
}

}  // namespace
}  // namespace plumbline::log::kafka::wire
