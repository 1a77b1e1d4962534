// Both sides of the ledger, and the view that balances them.
#include <gtest/gtest.h>

#include "sinks/postgres/ledger.h"
#include "sinks/postgres/positions.h"
#include "tests/integration/persist/rows.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using namespace postgres;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest()
      : writer_(database_.connect("plumbline_writer")), reader_(database_.connect("plumbline_reader")) {
    require(reader_.query("SELECT set_config('plumbline.tenant', $1, false)", {uuid_of(1).to_string()}));
  }
  void log_side(std::int64_t stored, std::int64_t duplicate = 0, int run = 1) {
    require(add_ledger(writer_, {{{{uuid_of(1)}, noon(), {uuid_of(run)}, 1, 0}, {stored, duplicate, 0, 0}}}));
  }
  void edge_side(std::int64_t received, std::int64_t accepted, std::int64_t rejected, int run = 1) {
    EdgeCounts counts{received, accepted, {}, {}};
    if (rejected > 0) counts.rejected["schema"] = rejected;
    if (received > accepted + rejected) counts.refused["rate_limited"] = received - accepted - rejected;
    require(merge_edge_outcomes(writer_, {{{{uuid_of(1)}, noon(), {uuid_of(run)}}, counts}}));
  }
  std::int64_t value(const std::string& column) {
    auto rows = require(reader_.query("SELECT (" + column + ")::int8 FROM plumbline.ledger_balance"));
    return rows.size() == 1 ? rows.integer(0, 0) : -1;
  }
  TestDatabase database_;
  pg::Connection writer_;
  pg::Connection reader_;
};

TEST_F(LedgerTest, BalancesWhenBothSidesAgree) {
  edge_side(10, 7, 2);
  log_side(6, 1);
  EXPECT_EQ(value("balanced::int"), 1);
  EXPECT_EQ(value("refused"), 1);
  EXPECT_EQ(value("appended"), 7);
}

TEST_F(LedgerTest, EdgeCountsMergeByMaximumInAnyOrder) {
  edge_side(10, 7, 2);
  edge_side(5, 5, 0);
  edge_side(10, 7, 2);
  EXPECT_EQ(value("received"), 10);
  EXPECT_EQ(value("rejected"), 2);
}

TEST_F(LedgerTest, WhatIsMissingIsInFlightAndWhatIsTooMuchUnconfirmed) {
  edge_side(10, 10, 0);
  log_side(7);
  edge_side(4, 4, 0, 2);
  log_side(7, 0, 2);  // another run must not hide the first one's lack
  EXPECT_EQ(value("in_flight"), 3);
  EXPECT_EQ(value("unconfirmed"), 3);
  EXPECT_EQ(value("balanced::int"), 0);
  EXPECT_EQ(value("overdue"), 3);
  EXPECT_EQ(value("accepted + unconfirmed - in_flight - lost"), value("appended"));
}

TEST_F(LedgerTest, AHoleOfTheRunMakesItLost) {
  edge_side(10, 10, 0);
  log_side(7);
  require(insert_holes(writer_, std::vector<Hole>{{{1, 0, {uuid_of(1)}}, 4, 1, 9, noon()}}));
  EXPECT_EQ(value("lost"), 3);
  EXPECT_EQ(value("in_flight"), 0);
}

TEST_F(LedgerTest, SequencesComeBackAsTheyWere) {
  const std::map<SequenceKey, Sequence> kept{{{1, 3, {uuid_of(1)}}, {42, noon()}}};
  require(save_sequences(writer_, kept));
  EXPECT_EQ(require(load_sequences(writer_, 1, 3)), kept);
  EXPECT_TRUE(require(load_sequences(writer_, 1, 4)).empty());
  require(drop_sequences_before(writer_, {noon().value + 1}));
  EXPECT_TRUE(require(load_sequences(writer_, 1, 3)).empty());
}

TEST_F(LedgerTest, PositionsAreFencedByEpoch) {
  const log::TopicPartition at{"traces.v1", 0};
  const Position first = require(claim_position(writer_, "persist", at, "one", 5));
  EXPECT_EQ(first.next_offset, 5);
  EXPECT_TRUE(
      require(advance_positions(writer_, "persist", std::vector<Advance>{{at, first.epoch, 5, 9, noon()}})));
  const Position second = require(claim_position(writer_, "persist", at, "one", 5));
  EXPECT_EQ(second.next_offset, 9);
  EXPECT_GT(second.epoch, first.epoch);
  EXPECT_FALSE(
      require(advance_positions(writer_, "persist", std::vector<Advance>{{at, first.epoch, 9, 10, noon()}})));
  EXPECT_FALSE(require(
      advance_positions(writer_, "persist", std::vector<Advance>{{at, second.epoch, 8, 10, noon()}})));
  EXPECT_EQ(require(step_state(writer_, "persist", {at, second.epoch, 5, 9, noon()})), StepState::kStored);
  EXPECT_EQ(require(step_state(writer_, "persist", {at, second.epoch, 9, 12, noon()})),
            StepState::kNotStored);
  EXPECT_EQ(require(step_state(writer_, "persist", {at, first.epoch, 5, 9, noon()})), StepState::kFenced);
}

TEST_F(LedgerTest, ALossStopsThePartitionUntilAnOperatorResumesIt) {
  const log::TopicPartition at{"traces.v1", 0};
  Position position = require(claim_position(writer_, "persist", at, "one", 5));
  require(stop_position(writer_, "persist", position, "below_retention", "said"));
  position = require(claim_position(writer_, "persist", at, "one", 5));
  EXPECT_TRUE(position.stopped);
  EXPECT_FALSE(require(
      advance_positions(writer_, "persist", std::vector<Advance>{{at, position.epoch, 5, 9, noon()}})));
  auto control = database_.connect("plumbline_control");
  auto resumed =
      require(control.query("SELECT plumbline.resume_position('persist', 'traces.v1', 0, 'two', 3)::int"));
  EXPECT_EQ(resumed.integer(0, 0), 1);
  position = require(claim_position(writer_, "persist", at, "two", 0));
  EXPECT_FALSE(position.stopped);
  EXPECT_EQ(position.next_offset, 3);
  EXPECT_EQ(position.counted_offset, 3);
}

}  // namespace
}  // namespace plumbline::tests
