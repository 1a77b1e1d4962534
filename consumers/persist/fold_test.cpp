// The pure middle of persist, without a database: what records come to.
#include "consumers/persist/fold.h"

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace plumbline::persist {
namespace {

constexpr const char* kTenantText = "00000000-0000-0000-0000-000000000001";
constexpr const char* kRunText = "00000000-0000-0000-0000-0000000001f5";

std::string session(int number, const std::string& time = "2026-11-20T10:00:00Z") {
  const std::string digits = std::to_string(100000 + number);
  return R"({"id":"00000000-0000-0000-0000-000000)" + digits + R"(","kind":"session","time":")" + time +
         R"(","agent":"builder","data":{"event":"start"}})";
}

// Owns what a ReadRecord borrows.
struct Held {
  std::string value, key, seq, received;
  std::vector<log::Header> headers;
  log::ReadRecord record;
};

class FoldTest : public testing::Test {
 protected:
  void add(const std::string& value, std::uint64_t seq, const std::string& topic_name = "traces.v1",
           const std::string& received = "2026-11-20T10:00:30.000000Z") {
    Held& held = held_.emplace_back();
    held.value = value;
    held.key = std::string(kTenantText) + "/builder";
    held.seq = std::to_string(seq);
    held.received = received;
    held.headers = {{"tenant", kTenantText}, {"run_id", kRunText}, {"seq", held.seq},
                    {"agent", "builder"},    {"key_id", "key_1"},  {"received_at", held.received}};
    held.record.topic = topics_.emplace_back(topic_name);
    held.record.offset = static_cast<std::int64_t>(held_.size()) - 1;
    held.record.key = held.key;
    held.record.value = held.value;
    held.record.headers = held.headers;
    inputs_.push_back({&held.record, true});
  }
  std::size_t run(std::size_t rows_max = 1000, std::size_t from = 0) {
    return fold(state_, std::span<const loop::Input>(inputs_).subspan(from), rows_max, decoder_, effects_);
  }

  std::deque<Held> held_;
  std::deque<std::string> topics_;
  std::vector<loop::Input> inputs_;
  State state_;
  LineDecoder decoder_;
  Effects effects_;
};

TEST_F(FoldTest, LinesOfAFrameBecomeRowsWithTheirAddress) {
  add(session(1) + "\n" + session(2) + "\n", 0);
  EXPECT_EQ(run(), 1U);
  ASSERT_EQ(effects_.traces.items().size(), 2U);
  EXPECT_EQ(effects_.traces.items()[1].address, (postgres::Address{1, 0, 0, 1}));
  EXPECT_EQ(effects_.traces.items()[1].payload, session(2));
  EXPECT_NE(effects_.traces.items()[0].digest, effects_.traces.items()[1].digest);
  EXPECT_TRUE(effects_.refused.empty());
  ASSERT_EQ(effects_.accounts.size(), 1U);
  EXPECT_EQ(format_rfc3339(effects_.accounts[0].first.minute), "2026-11-20T10:00:00.000000Z");
}

TEST_F(FoldTest, PoisonIsRefusedByLineAndTheRestGoesOn) {
  add(session(1) + "\n{\"half\":\n\n" + session(2), 0);
  run();
  EXPECT_EQ(effects_.traces.items().size(), 2U);
  ASSERT_EQ(effects_.refused.size(), 2U);
  EXPECT_EQ(effects_.refused[0].index, 1);
  EXPECT_EQ(effects_.refused[0].why.reason, "invalid_json");
  EXPECT_EQ(effects_.refused[1].index, 2) << "an empty line in the middle is a line";
  EXPECT_EQ(effects_.traces.items()[1].address.index, 3);
}

TEST_F(FoldTest, AFrameWithoutItsHeadersIsRefusedWhole) {
  add(session(1), 0);
  held_.back().headers.clear();
  held_.back().record.headers = {};
  run();
  ASSERT_EQ(effects_.refused.size(), 1U);
  EXPECT_EQ(effects_.refused[0].index, -1);
  EXPECT_EQ(effects_.refused[0].why.reason, "bad_frame");
  EXPECT_FALSE(effects_.frames[0].known);
}

TEST_F(FoldTest, ATopicsLinesMustBeOfItsKinds) {
  add(session(1), 0, "reports.v1");
  run();
  ASSERT_EQ(effects_.refused.size(), 1U);
  EXPECT_EQ(effects_.refused[0].why.reason, "wrong_endpoint");
}

TEST_F(FoldTest, TimesAreBoundByTheReceipt) {
  add(session(1, "2026-11-20T10:05:31Z"), 0);
  add(session(2, "2026-11-20T10:05:30Z"), 1);
  add(session(3, "2010-01-01T00:00:00Z"), 2);
  run();
  ASSERT_EQ(effects_.refused.size(), 2U);
  EXPECT_EQ(effects_.refused[0].why.reason, "time_ahead");
  EXPECT_EQ(effects_.refused[1].why.reason, "time_before_retention");
  EXPECT_EQ(effects_.traces.items().size(), 1U);
}

TEST_F(FoldTest, BatchesEndBetweenRecordsOnly) {
  for (std::uint64_t n = 0; n < 5; ++n)
    add(session(static_cast<int>(2 * n)) + "\n" + session(static_cast<int>(2 * n + 1)), n);
  EXPECT_EQ(run(3), 2U);
  EXPECT_EQ(run(1), 1U);
  EXPECT_EQ(run(1000), 5U);
}

TEST_F(FoldTest, HolesInTheNumberingOverAnySplit) {
  for (const std::uint64_t seq : {0U, 1U, 4U, 2U, 5U, 8U}) add(session(static_cast<int>(seq)), seq);
  run();
  const std::vector<postgres::Hole> whole = effects_.holes;
  const auto sequences = effects_.sequences;
  ASSERT_EQ(whole.size(), 2U);
  EXPECT_EQ(whole[0].first_seq, 2);
  EXPECT_EQ(whole[0].frames, 2);
  EXPECT_EQ(whole[1].first_seq, 6);
  std::vector<postgres::Hole> split;
  for (std::size_t done = 0; done < inputs_.size();) {
    done += run(1, done);
    split.insert(split.end(), effects_.holes.begin(), effects_.holes.end());
    for (const auto& [key, sequence] : effects_.sequences) state_.sequences[key] = sequence;
  }
  EXPECT_EQ(split, whole);
  EXPECT_EQ(state_.sequences, sequences);
}

TEST_F(FoldTest, WhatIsCountedAlreadyMovesNoNumbersAndTouchesNoKeys) {
  add(session(1), 7);
  inputs_.back().fresh = false;
  run();
  EXPECT_TRUE(effects_.holes.empty());
  EXPECT_TRUE(effects_.sequences.empty());
  EXPECT_TRUE(effects_.keys.empty());
  EXPECT_EQ(effects_.traces.items().size(), 1U);
}

}  // namespace
}  // namespace plumbline::persist
