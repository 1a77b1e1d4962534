// Appending: order, durable acks, bytes as they came, limits, many producers, closing.
#include <thread>

#include "tests/contract/log_contract.h"

namespace plumbline::log::contract {

TEST_P(LogContract, KeepsOrderPerKeyAndGivesPositions) {
  const TopicSpec spec = make_topic("order");
  Acks acks;
  auto producer = log().producer(acks);
  ASSERT_TRUE(producer.ok());
  constexpr std::uint64_t kRecords = 500;
  std::vector<std::string> keys, values;  // borrowed until submit
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    keys.push_back("key" + std::to_string(i % 7));
    values.push_back(std::to_string(i));
  }
  for (std::uint64_t i = 0; i < kRecords; ++i) {
    const std::string& key = keys[i];
    const std::string& value = values[i];
    Record record{spec.name, partition_of(key, spec.partitions), key, value, {}, now_ms()};
    (*producer)->append(record, i);
    if (i % 11 == 0) (*producer)->submit();
  }
  (*producer)->submit();
  ASSERT_TRUE(acks.wait(kRecords));
  for (std::int32_t p = 0; p < spec.partitions; ++p) {
    auto marks = log().watermarks({spec.name, p});
    ASSERT_TRUE(marks.ok());
    const auto got = replay(log(), spec.name, p, static_cast<std::size_t>(marks->high - marks->low));
    std::map<std::string, std::uint64_t> last;
    std::int64_t previous = -1;
    for (const Copy& copy : got) {
      EXPECT_GT(copy.offset, previous);
      if (promises_.dense) {
        EXPECT_EQ(copy.offset, previous + 1);
      }
      previous = copy.offset;
      const std::uint64_t n = std::stoull(copy.value);
      const auto at = last.find(copy.key);
      if (at != last.end()) {
        EXPECT_GT(n, at->second);
      }
      last[copy.key] = n;
      EXPECT_EQ(acks.by_token()[n].offset, copy.offset);
    }
  }
}

TEST_P(LogContract, AckedRecordsSurviveARestart) {
  const TopicSpec spec = make_topic("durable");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(spec.name, 0, "k", std::to_string(i)).ok());
  backend_->restart();
  const auto got = replay(log(), spec.name, 0, 20);
  ASSERT_EQ(got.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)].value, std::to_string(i));
}

TEST_P(LogContract, AckedRecordsSurviveACrash) {
  if (!promises_.crash) GTEST_SKIP() << "backend does not promise a crash";
  const TopicSpec spec = make_topic("crash");
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(put(spec.name, 0, "k", std::to_string(round * 20 + i)).ok());
    backend_->crash();
  }
  const auto got = replay(log(), spec.name, 0, 60);
  ASSERT_GE(got.size(), 60u);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)].value, std::to_string(i));
}

TEST_P(LogContract, HeadersBinaryAndPoisonComeBackUntouched) {
  const TopicSpec spec = make_topic("bytes");
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  const std::string poison = std::string("{\"n\":1E131073,\"s\":\"\\u0000\\ud800\"") + '\0' + "\xff\xfe[[[[";
  const Header headers[] = {{"ce_id", "1"}, {"bin", all}, {"empty", ""}, {"ce_id", "twice"}};
  ASSERT_TRUE(put(spec.name, 1, all, all, headers, 1234567).ok());
  ASSERT_TRUE(put(spec.name, 1, "", poison).ok());
  const auto got = replay(log(), spec.name, 1, 2);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].key, all);
  EXPECT_EQ(got[0].value, all);
  EXPECT_EQ(got[0].timestamp_ms, 1234567);
  ASSERT_EQ(got[0].headers.size(), 4u);
  EXPECT_EQ(got[0].headers[1].second, all);
  EXPECT_EQ(got[0].headers[2].second, "");
  EXPECT_EQ(got[0].headers[3].second, "twice");
  EXPECT_EQ(got[1].value, poison);
}

TEST_P(LogContract, OversizedAndMisaddressedRecordsAreRefused) {
  const TopicSpec spec = make_topic("large", [](TopicSpec& s) { s.record_bytes_max = 64 << 10; });
  EXPECT_FALSE(put(spec.name, 0, "k", std::string(200 << 10, 'x')).ok());
  EXPECT_FALSE(put(spec.name, spec.partitions, "k", "v").ok());
  EXPECT_FALSE(put(fresh("nowhere"), 0, "k", "v").ok());
  EXPECT_TRUE(put(spec.name, 0, "k", "small").ok());
  const auto got = replay(log(), spec.name, 0, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].value, "small");
}

TEST_P(LogContract, ManyProducersAtOnce) {
  const TopicSpec spec = make_topic("many");
  constexpr std::uint64_t kThreads = 8, kRecords = 200;
  std::vector<std::unique_ptr<Acks>> acks;
  for (std::uint64_t t = 0; t < kThreads; ++t) acks.push_back(std::make_unique<Acks>());
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        auto producer = log().producer(*acks[t]);
        ASSERT_TRUE(producer.ok());
        for (std::uint64_t i = 0; i < kRecords; ++i) {
          const std::string value = std::to_string(t) + "/" + std::to_string(i);
          (*producer)->append({spec.name, static_cast<std::int32_t>(t % 4), "k", value, {}, now_ms()}, i);
          (*producer)->submit();
        }
        EXPECT_TRUE(acks[t]->wait(kRecords));
      });
    }
  }
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    EXPECT_EQ(acks[t]->repeated(), 0u);
    for (const auto& [token, ack] : acks[t]->by_token()) EXPECT_EQ(ack.status, Ack::Status::kDurable);
  }
  std::size_t total = 0;
  for (std::int32_t p = 0; p < 4; ++p) total += replay(log(), spec.name, p, 2 * kRecords).size();
  EXPECT_EQ(total, kThreads * kRecords);
}

TEST_P(LogContract, ClosingAcksEverythingExactlyOnce) {
  const TopicSpec spec = make_topic("close");
  Acks acks;
  constexpr std::uint64_t kRecords = 1000;
  {
    auto producer = log().producer(acks);
    ASSERT_TRUE(producer.ok());
    for (std::uint64_t i = 0; i < kRecords; ++i)
      (*producer)->append({spec.name, 0, "k", "v", {}, now_ms()}, i);
    (*producer)->submit();
  }
  EXPECT_TRUE(acks.wait(kRecords, 0ms)) << "the destructor waits";
  EXPECT_EQ(acks.by_token().size(), kRecords);
  EXPECT_EQ(acks.repeated(), 0u);
}

}  // namespace plumbline::log::contract
