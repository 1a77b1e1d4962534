// The pure judge of silence and policies.
#include "consumers/drift/watch.h"

#include <gtest/gtest.h>

namespace plumbline::drift {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kHourUs = 3600LL * 1000000;

WatchOptions options() {
  WatchOptions made;
  made.silence_min = 24h;
  made.silence_max = 336h;
  made.notify_age_max = 24h;
  return made;
}

TimeUs hour(std::int64_t hours) {
  return {hours * kHourUs};
}

class WatchTest : public testing::Test {
 protected:
  std::optional<WatchEvent> hear(std::int64_t at) {
    postgres::DriftWatched watched{row_, known_, hour(at)};
    known_ = true;
    seen_ = hour(at);
    return judge(watched, hour(at), true, options(), row_);
  }
  std::optional<WatchEvent> look(std::int64_t at, bool caught_up = true) {
    return judge(postgres::DriftWatched{row_, known_, seen_}, hour(at), caught_up, options(), row_);
  }

  postgres::DriftWatchRow row_{{}, false, "rxjs", {}, {}, 0, 0, std::nullopt, "", std::nullopt};
  bool known_ = false;
  TimeUs seen_;
};

TEST_F(WatchTest, SilentAfterThreeUsualGapsOnceAndBackOnce) {
  for (const std::int64_t at : {0, 20, 40, 60}) EXPECT_FALSE(hear(at));
  EXPECT_FALSE(look(60 + 59));
  const auto silent = look(60 + 61);
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->type, "repo.silent");
  EXPECT_EQ(silent->time, hour(120));
  EXPECT_EQ(silent->silent_since, hour(60));
  EXPECT_TRUE(silent->notify);
  EXPECT_FALSE(look(60 + 62));
  const auto back = hear(200);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->type, "repo.reporting");
  EXPECT_EQ(back->silent_since, hour(60));
  EXPECT_LE(row_.gap_s, 20 * 3600) << "the silence is no usual gap";
  EXPECT_FALSE(look(201));
}

TEST_F(WatchTest, NobodyIsSilentWhileTheLogIsNotRead) {
  for (const std::int64_t at : {0, 20, 40, 60}) EXPECT_FALSE(hear(at));
  EXPECT_FALSE(look(1000, false));
  EXPECT_TRUE(look(1000, true));
}

TEST_F(WatchTest, AWeekendIsUsualByTheNextOne) {
  for (int day = 0; day < 5; ++day) {
    for (int at = 9; at < 18; ++at) EXPECT_FALSE(hear(24 * day + at));
  }
  for (int day = 7; day < 12; ++day) {
    for (int at = 9; at < 18; ++at) EXPECT_FALSE(hear(24 * day + at));
  }
  EXPECT_FALSE(look(24 * 14 + 9));
}

TEST_F(WatchTest, ThreeReportsOfOneHourAreNoHabit) {
  hear(0);
  for (int i = 0; i < 5; ++i) hear(1);
  EXPECT_FALSE(look(2000));
}

TEST_F(WatchTest, NeverLaterThanTheCeiling) {
  for (const std::int64_t at : {0, 200, 400, 600}) EXPECT_FALSE(hear(at));
  EXPECT_FALSE(look(600 + 336));
  EXPECT_TRUE(look(600 + 337));
}

TEST_F(WatchTest, ASilenceFoundLateIsRecordedOnly) {
  for (const std::int64_t at : {0, 20, 40, 60}) EXPECT_FALSE(hear(at));
  const auto silent = look(3000);
  ASSERT_TRUE(silent);
  EXPECT_FALSE(silent->notify);
}

TEST(WatchPolicy, ANewPolicyIsToldAtOnceAnOldOneWhenTheOtherRests) {
  postgres::DriftPolicy policy;
  policy.known = {{}, true, "agent-0", hour(0), hour(10), 0, 5, std::nullopt, "", std::nullopt};
  policy.hash = "aa";
  policy.first_time = hour(0);
  policy.last_time = hour(10);
  postgres::DriftWatchRow row;
  EXPECT_FALSE(judge(policy, hour(10), options(), row)) << "the first one seen is no change";
  EXPECT_EQ(row.policy_hash, "aa");

  policy = {row, "bb", hour(11), hour(11), hour(10)};
  const auto changed = judge(policy, hour(12), options(), row);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->type, "policy.changed");
  EXPECT_EQ(changed->policy_from + changed->policy_to, "aabb");
  EXPECT_EQ(changed->time, hour(11));

  policy = {row, "aa", hour(0), {hour(11).value + kHourUs / 2}, hour(11)};
  EXPECT_FALSE(judge(policy, hour(12), options(), row)) << "two sessions side by side";
  EXPECT_EQ(row.policy_hash, "bb");
  policy.last_time = hour(13);
  const auto back = judge(policy, hour(13), options(), row);
  ASSERT_TRUE(back);
  EXPECT_NE(back->id, changed->id);
}

}  // namespace
}  // namespace plumbline::drift
