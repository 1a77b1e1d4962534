#include "producers/push/edge_clock.h"

#include <gtest/gtest.h>

namespace plumbline::push {
namespace {

constexpr std::int64_t kEdgeS = 784111777;  // the example of RFC 9110

Response refused(int status = 401) {
  Response response;
  response.status = status;
  response.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  return response;
}

TimeUs local(std::int64_t ahead_s) {
  return {(kEdgeS + ahead_s) * 1000000 + 250};
}

TEST(EdgeClock, ReadsTheDateOfAnAnswer) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kEdgeS);
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT"), 1709251200);
  for (const char* wrong :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:3x GMT", "Sun, 06 Nov 1994 08:49:37 GMT "})
    EXPECT_EQ(parse_http_date(wrong), std::nullopt) << wrong;
}

TEST(EdgeClock, ADifferenceOfHoursIsLearnedOnceAndForgottenWhenTheClockIsSet) {
  EdgeClock clock;
  EXPECT_FALSE(clock.learn(refused(503), local(7200))) << "only a signature that is refused tells";
  EXPECT_TRUE(clock.learn(refused(), local(7200)));
  EXPECT_EQ(clock.local_ahead_s(), 7200);
  EXPECT_EQ(clock.at(local(7200)), local(0));
  EXPECT_FALSE(clock.learn(refused(), local(7201))) << "then it is the key";
  EXPECT_TRUE(clock.learn(refused(), local(1))) << "somebody set the clock";
  EXPECT_EQ(clock.local_ahead_s(), 0);
  EXPECT_TRUE(clock.learn(refused(), local(-10800)));
  EXPECT_EQ(clock.at(local(-10800)), local(0));
}

TEST(EdgeClock, ASmallDifferenceOrNoDateIsNoReasonToSignAgain) {
  EdgeClock clock;
  EXPECT_FALSE(clock.learn(refused(), local(200)));
  Response without = refused();
  without.date.clear();
  EXPECT_FALSE(clock.learn(without, local(7200)));
  EXPECT_EQ(clock.local_ahead_s(), 0);
}

TEST(EdgeClock, SaysItInWords) {
  EXPECT_EQ(clock_words(7200), "this machine's clock is 2 h 0 min ahead of the edge's");
  EXPECT_EQ(clock_words(-600), "this machine's clock is 10 min behind the edge's");
}

}  // namespace
}  // namespace plumbline::push
