#include "consumers/notify/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plumbline::notify {
namespace {

using namespace std::chrono_literals;
using postgres::NotifyRoute;

const TimeUs kNow = *parse_rfc3339("2026-03-01T12:00:00Z");

channel::Event event_of(const std::string& repo, channel::Severity severity = channel::Severity::kHigh) {
  channel::Event event;
  event.type = "drift.opened";
  event.repo = repo;
  event.severity = severity;
  event.recorded_at = kNow;
  return event;
}

TEST(Glob, StarStaysWithinAPartAndTwoStarsCrossThem) {
  EXPECT_TRUE(glob_matches("acme/*", "acme/api"));
  EXPECT_FALSE(glob_matches("acme/*", "acme/api/core"));
  EXPECT_TRUE(glob_matches("acme/**", "acme/api/core"));
  EXPECT_TRUE(glob_matches("**/core", "acme/api/core"));
  EXPECT_FALSE(glob_matches("*/core", "acme/api/core"));
  EXPECT_TRUE(glob_matches("**", ""));
  EXPECT_TRUE(glob_matches("*", "api"));
  EXPECT_FALSE(glob_matches("", "api"));
  EXPECT_TRUE(glob_matches("a?c", "abc"));
  EXPECT_FALSE(glob_matches("a?c", "a/c"));
  EXPECT_TRUE(glob_matches("**/*-api/*x", "a/b/c-api/foox"));
  EXPECT_FALSE(glob_matches("**/*-api/*x", "a/b/c-api/foo/x"));
  EXPECT_TRUE(glob_matches("a**b*c", "axx/xxbyyc"));
  EXPECT_FALSE(glob_matches("a.c", "abc")) << "a dot is a dot";
}

TEST(Glob, ManyStarsEndInTime) {
  std::string pattern, text(2000, 'a');
  for (int i = 0; i < 50; ++i) pattern += "**a*";
  EXPECT_TRUE(glob_matches(pattern, text));
  EXPECT_FALSE(glob_matches(pattern + "b", text));
}

TEST(Wants, FiltersByRepositorySeverityAndType) {
  NotifyRoute route;
  EXPECT_TRUE(wants(route, event_of("acme/api")));
  route.repos = {"acme/web", "acme/a*"};
  EXPECT_TRUE(wants(route, event_of("acme/api")));
  EXPECT_FALSE(wants(route, event_of("other/api")));
  route.severity_min = "critical";
  EXPECT_FALSE(wants(route, event_of("acme/api")));
  EXPECT_TRUE(wants(route, event_of("acme/api", channel::Severity::kCritical)));
  auto other = event_of("acme/api", channel::Severity::kCritical);
  other.type = "gate.failed";
  EXPECT_FALSE(wants(route, other)) << "not picked by default";
  route.events = {"*"};
  EXPECT_TRUE(wants(route, other));
}

TEST(Wants, AnEventWithoutARepositoryIsMatchedByItsAgent) {
  NotifyRoute route;
  route.events = {"agent.silent"};
  route.repos = {"bot-*"};
  auto event = event_of("");
  event.type = "agent.silent";
  event.agent = "bot-7";
  EXPECT_TRUE(wants(route, event));
  event.agent = "human";
  EXPECT_FALSE(wants(route, event));
}

TEST(SkipReason, NamesWhyNothingIsSent) {
  NotifyRoute route;
  EXPECT_EQ(skip_reason(route, event_of("r"), kNow, 24h), "");
  auto old = event_of("r");
  old.recorded_at.value -= 25LL * 3600 * 1000000;
  EXPECT_EQ(skip_reason(route, old, kNow, 24h), "older than notify.age_max");
  route.muted_until = "2026-03-01T12:00:01.000000Z";
  EXPECT_EQ(skip_reason(route, event_of("r"), kNow, 24h), "route muted");
  EXPECT_EQ(skip_reason(route, event_of("r"), TimeUs{kNow.value + 2000000}, 24h), "");
  route.muted_until = "infinity";
  EXPECT_EQ(skip_reason(route, event_of("r"), TimeUs{kNow.value + 2000000}, 24h), "route muted");
  route.status = "disabled";
  EXPECT_EQ(skip_reason(route, event_of("r"), kNow, 24h), "route disabled");
}

postgres::Candidate candidate() {
  postgres::Candidate c;
  c.route.emplace();
  c.delivery.content = "event";
  c.delivery.created_at = kNow;
  return c;
}

TEST(Decide, QuietHoursDeferUnlessItIsUrgent) {
  auto c = candidate();
  EXPECT_TRUE(std::holds_alternative<Send>(decide(c, kNow, 24h)));
  const TimeUs end{kNow.value + 3600LL * 1000000};
  c.quiet_until = end;
  const auto decision = decide(c, kNow, 24h);
  ASSERT_TRUE(std::holds_alternative<Defer>(decision));
  EXPECT_EQ(std::get<Defer>(decision).until, end);
  c.delivery.urgent = true;
  EXPECT_TRUE(std::holds_alternative<Send>(decide(c, kNow, 24h)));
}

TEST(Decide, SkipsWhatMayNotBeSentAnyMore) {
  auto c = candidate();
  c.unsubscribed = true;
  EXPECT_EQ(std::get<Skip>(decide(c, kNow, 24h)).reason, "unsubscribed");
  c = candidate();
  c.muted = true;
  EXPECT_EQ(std::get<Skip>(decide(c, kNow, 24h)).reason, "route muted");
  c.delivery.content = "test";
  EXPECT_TRUE(std::holds_alternative<Send>(decide(c, kNow, 24h))) << "a test was asked for";
  c = candidate();
  c.route.reset();
  EXPECT_EQ(std::get<Skip>(decide(c, kNow, 24h)).reason, "route removed");
  c = candidate();
  c.route->status = "disabled";
  EXPECT_EQ(std::get<Skip>(decide(c, kNow, 24h)).reason, "route disabled");
}

TEST(Decide, GivesUpAtTheAgeBoundOnceTried) {
  auto c = candidate();
  const TimeUs later{kNow.value + 25LL * 3600 * 1000000};
  EXPECT_TRUE(std::holds_alternative<Send>(decide(c, later, 24h))) << "never tried: it is still due";
  c.delivery.attempts = 3;
  EXPECT_TRUE(std::holds_alternative<GiveUp>(decide(c, later, 24h)));
  c.delivery.content = "digest";
  EXPECT_TRUE(std::holds_alternative<Send>(decide(c, later, 24h))) << "a day of it is the digest's";
}

TEST(Backoff, DoublesWithJitterUpToABoundAndHonoursWhatIsAsked) {
  EXPECT_EQ(backoff(1, 1s, 15min, {}, 1), 1s);
  EXPECT_EQ(backoff(1, 1s, 15min, {}, 0), 500ms);
  EXPECT_EQ(backoff(4, 1s, 15min, {}, 1), 8s);
  EXPECT_EQ(backoff(1000, 1s, 15min, {}, 1), 15min);
  EXPECT_EQ(backoff(1, 1s, 15min, 30s, 0), 30s);
  EXPECT_EQ(backoff(6, 1s, 15min, 3s, 1), 32s) << "never less than our own";
  EXPECT_EQ(backoff(1, 1s, 15min, 48h, 1), 24h) << "bounded";
}

TEST(ShouldDisable, NeedsBothManyFailuresAndALongTime) {
  const TimeUs day_ago{kNow.value - 24LL * 3600 * 1000000};
  EXPECT_TRUE(should_disable({10, day_ago, "failing"}, kNow, 24h));
  EXPECT_FALSE(should_disable({9, day_ago, "failing"}, kNow, 24h));
  EXPECT_FALSE(should_disable({10, TimeUs{day_ago.value + 1}, "failing"}, kNow, 24h));
  EXPECT_FALSE(should_disable({10, day_ago, "disabled"}, kNow, 24h));
}

}  // namespace
}  // namespace plumbline::notify
