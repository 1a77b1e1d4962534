#include "producers/edge/outcomes.h"

#include <gtest/gtest.h>

#include "core/codec/records.h"

namespace plumbline::edge {
namespace {

const OutcomeKey kKey =
    outcome_key({Uuid::random()}, {Uuid::random()}, *parse_rfc3339("2026-11-21T05:00:59.999Z"));

TEST(Outcomes, CountsAreCumulativeAndBalance) {
  Outcomes outcomes;
  RejectCounts rejected{};
  rejected[static_cast<std::size_t>(RejectReason::kSchema)] = 2;
  outcomes.add(kKey, 5, rejected);
  outcomes.add_refused(kKey, Refused::kLogSlow, 4);
  auto changed = outcomes.changed();
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_TRUE(changed[0].key.ends_with("/2026-11-21T05:00:00.000000Z"));
  const auto record = codec::decode_outcome_record(changed[0].value);
  ASSERT_TRUE(record.ok()) << record.error().message;
  EXPECT_EQ(record->received, 11);
  EXPECT_EQ(record->accepted, 5);
  EXPECT_EQ(record->rejected.at("schema"), 2);
  EXPECT_EQ(record->refused.at("log_slow"), 4);
}

TEST(Outcomes, RepeatsWhatWasNotConfirmed) {
  Outcomes outcomes;
  outcomes.add(kKey, 1, {});
  const auto first = outcomes.changed();
  outcomes.add(kKey, 1, {});
  outcomes.confirmed(first[0].of, first[0].version);
  EXPECT_FALSE(outcomes.all_confirmed()) << "a later count came meanwhile";
  outcomes.forget_before(kKey.minute + 1);
  EXPECT_EQ(outcomes.size(), 1U) << "nothing unconfirmed is forgotten";
  const auto second = outcomes.changed();
  outcomes.confirmed(second[0].of, second[0].version);
  EXPECT_TRUE(outcomes.all_confirmed());
  EXPECT_TRUE(outcomes.changed().empty());
  outcomes.forget_before(kKey.minute);
  EXPECT_EQ(outcomes.size(), 1U);
  outcomes.forget_before(kKey.minute + 1);
  EXPECT_EQ(outcomes.size(), 0U);
}

}  // namespace
}  // namespace plumbline::edge
