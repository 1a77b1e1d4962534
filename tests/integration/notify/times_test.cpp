// Digests, quiet hours with daylight saving, failing routes, unsubscribing.
#include "tests/integration/notify/notify_fixture.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NotifyTimes : public NotifyTest {
 protected:
  std::string quiet_until(const std::string& at, const std::string& zone, const std::string& from,
                          const std::string& to) {
    auto rows =
        require(control_.query("SELECT coalesce(to_char(plumbline.notify_quiet_until($1::timestamptz, $2, "
                               "$3::time, $4::time) AT TIME "
                               "ZONE 'UTC', 'MM-DD HH24:MI'), '-')",
                               {at, zone, from, to}));
    return std::string(rows.text(0, 0));
  }
  std::string digest_at(const std::string& at, const std::string& zone, const std::string& digest, int hour) {
    auto rows = require(control_.query(
        "SELECT to_char(plumbline.notify_digest_at($1::timestamptz, $2, $3, $4::int) AT TIME ZONE 'UTC', "
        "'MM-DD HH24:MI')",
        {at, zone, digest, std::to_string(hour)}));
    return std::string(rows.text(0, 0));
  }
};

TEST_F(NotifyTimes, QuietHoursFollowTheZone) {
  EXPECT_EQ(quiet_until("2026-01-10T21:30:00Z", "Europe/Berlin", "22:00", "07:00"), "01-11 06:00");
  EXPECT_EQ(quiet_until("2026-01-10T20:59:59Z", "Europe/Berlin", "22:00", "07:00"), "-");
  EXPECT_EQ(quiet_until("2026-01-11T05:59:59Z", "Europe/Berlin", "22:00", "07:00"), "01-11 06:00");
  EXPECT_EQ(quiet_until("2026-01-11T06:00:00Z", "Europe/Berlin", "22:00", "07:00"), "-");
  EXPECT_EQ(quiet_until("2026-07-10T20:30:00Z", "Europe/Berlin", "22:00", "07:00"), "07-11 05:00");
  EXPECT_EQ(quiet_until("2026-01-10T12:30:00Z", "UTC", "12:00", "13:00"), "01-10 13:00");
  EXPECT_EQ(quiet_until("2026-01-10T11:59:00Z", "UTC", "12:00", "13:00"), "-");
}

TEST_F(NotifyTimes, QuietHoursAcrossDaylightSavingEndAtTheLocalHour) {
  // Berlin: 2026-03-29 02:00 becomes 03:00; 2026-10-25 03:00 becomes 02:00.
  EXPECT_EQ(quiet_until("2026-03-28T22:00:00Z", "Europe/Berlin", "22:00", "07:00"), "03-29 05:00");
  EXPECT_EQ(quiet_until("2026-10-24T21:00:00Z", "Europe/Berlin", "22:00", "07:00"), "10-25 06:00");
  // An end that does not exist that day: the gap's end.
  EXPECT_EQ(quiet_until("2026-03-28T22:00:00Z", "Europe/Berlin", "22:00", "02:30"), "03-29 01:30");
  // An end that comes twice: the later. The end always lies ahead.
  EXPECT_EQ(quiet_until("2026-10-24T22:00:00Z", "Europe/Berlin", "22:00", "02:30"), "10-25 01:30");
  EXPECT_EQ(quiet_until("2026-10-25T01:15:00Z", "Europe/Berlin", "22:00", "02:30"), "10-25 01:30");
}

TEST_F(NotifyTimes, DigestsLeaveAtTheFullHourOrTheHourOfTheDay) {
  EXPECT_EQ(digest_at("2026-01-10T12:10:00Z", "UTC", "hourly", 9), "01-10 13:00");
  EXPECT_EQ(digest_at("2026-01-10T13:00:00Z", "UTC", "hourly", 9), "01-10 14:00");
  EXPECT_EQ(digest_at("2026-01-10T12:10:00Z", "Asia/Kolkata", "hourly", 9), "01-10 12:30");
  EXPECT_EQ(digest_at("2026-01-10T07:59:00Z", "Europe/Berlin", "daily", 9), "01-10 08:00");
  EXPECT_EQ(digest_at("2026-01-10T08:00:00Z", "Europe/Berlin", "daily", 9), "01-11 08:00");
  EXPECT_EQ(digest_at("2026-03-28T12:00:00Z", "Europe/Berlin", "daily", 9), "03-29 07:00");
  EXPECT_EQ(digest_at("2026-10-24T12:00:00Z", "Europe/Berlin", "daily", 9), "10-25 08:00");
}

TEST_F(NotifyTimes, QuietHoursHoldBackAllButWhatIsCritical) {
  add_route("team", "webhook", {.quiet_from = "11:00", .quiet_to = "14:00"});
  put(event("1"));
  run();
  EXPECT_THAT(sent_.messages, IsEmpty());
  auto other = event("2");
  other.incident = "77777777-7777-5777-8777-777777777777";
  other.severity = "critical";
  put(other);
  run();
  ASSERT_EQ(sent_.messages.size(), 1U);
  EXPECT_EQ(sent_.messages[0].events[0].severity, channel::Severity::kCritical);
  // The incident that waits turns critical: its earlier message goes first, now.
  auto worse = event("3");
  worse.type = "drift.updated";
  worse.severity = "critical";
  put(worse);
  run();
  EXPECT_THAT(sent_types(), ElementsAre("drift.opened", "drift.opened", "drift.updated"));
  put(event("4"));
  run();
  EXPECT_EQ(sent_.messages.size(), 3U);
  clock_.advance(2h);
  send();
  EXPECT_EQ(sent_.messages.size(), 4U);
}

TEST_F(NotifyTimes, ADigestGathersAndASecondAttemptIsTheSameMessage) {
  add_route("team", "webhook", {.digest = "hourly"});
  for (const char* name : {"1", "2", "3"}) put(event(name));
  run();
  EXPECT_THAT(sent_.messages, IsEmpty());
  clock_.advance(1h);
  sent_.answers["team"] = {channel::Unknown{"lost"}};
  send();
  put(event("4"));
  run();
  ASSERT_EQ(sent_.messages.size(), 1U);
  EXPECT_EQ(sent_.messages[0].content, channel::Content::kDigest);
  EXPECT_EQ(sent_.messages[0].events.size(), 3U);
  EXPECT_EQ(sent_.messages[0].events_total, 3);
  EXPECT_EQ(sent_.messages[0].digest_period, "hourly");
  clock_.advance(1s);
  send();
  ASSERT_EQ(sent_.messages.size(), 2U);
  EXPECT_EQ(sent_.messages[1].delivery, sent_.messages[0].delivery);
  EXPECT_TRUE(sent_.messages[1].resend);
  EXPECT_EQ(sent_.messages[1].events.size(), 3U);
  clock_.advance(1h);
  send();
  ASSERT_EQ(sent_.messages.size(), 3U);
  EXPECT_EQ(sent_.messages[2].events.size(), 1U);
  EXPECT_FALSE(sent_.messages[2].resend);
  EXPECT_NE(sent_.messages[2].delivery, sent_.messages[0].delivery);
}

TEST_F(NotifyTimes, ARouteThatKeepsFailingIsShownThenDisabledWithALastNotice) {
  add_route("broken");
  add_route("admins", "email", {.admin = true, .events = {"agent.silent"}});
  add_route("bystander", "webhook", {.events = {"agent.silent"}});
  for (int i = 0; i < 200; ++i) sent_.answers["broken"].push_back(channel::Retry{"connection refused"});
  options_.age_max = 72h;
  restart();
  put(event("1"));
  run();
  for (int i = 0; i < 3; ++i) {
    clock_.advance(15min);
    send();
  }
  EXPECT_EQ(route("broken").status, "failing");
  EXPECT_EQ(route("broken").status_reason, "connection refused");
  for (int i = 0; i < 100 && route("broken").status != "disabled"; ++i) {
    clock_.advance(15min);
    send();
  }
  EXPECT_EQ(route("broken").status, "disabled");
  send();
  const channel::Message& last = sent_.messages.back();
  EXPECT_EQ(last.content, channel::Content::kNotice);
  EXPECT_EQ(last.route_name, "admins");
  EXPECT_THAT(last.notice->title, HasSubstr("broken"));
  const std::size_t so_far = sent_.messages.size();
  put(event("2"));
  run();
  EXPECT_EQ(sent_.messages.size(), so_far);
  EXPECT_THAT(deliveries(), HasSubstr("broken drift.opened skipped route disabled"));
  ASSERT_TRUE(postgres::RouteStore(control_, "test").enable(route("broken"), false));
  sent_.answers.clear();
  put(event("3"));
  run();
  EXPECT_EQ(route("broken").status, "active");
  EXPECT_EQ(sent_.messages.size(), so_far + 1);
}

TEST_F(NotifyTimes, ARouteWhoseDestinationIsGoneIsDisabledAtOnce) {
  add_route("gone");
  add_route("other", "webhook", {.events = {"agent.silent"}});
  sent_.answers["gone"] = {channel::Rejected{"410 Gone", true}};
  put(event("1"));
  run();
  EXPECT_EQ(route("gone").status, "disabled");
  ASSERT_EQ(sent_.messages.size(), 2U) << "no route is flagged admin: all others hear of it";
  EXPECT_EQ(sent_.messages[1].route_name, "other");
}

TEST_F(NotifyTimes, ARejectedMessageIsFailedAndTheNextGoesOn) {
  add_route("team");
  sent_.answers["team"] = {channel::Rejected{"400 too strange"}};
  put(event("1"));
  put(event("2"));
  run();
  EXPECT_EQ(deliveries(), "team drift.opened failed 400 too strange\nteam drift.opened delivered");
}

TEST_F(NotifyTimes, WhatIsBeyondRetentionIsPrunedAndWhatIsOpenStays) {
  add_route("team");
  require(super_.query("UPDATE plumbline.tenants SET retention_days = 7"));
  put(event("1"));
  run();
  sent_.answers["team"] = {channel::Retry{"busy"}};
  put(event("2"));
  run();
  auto writer = database_.connect("plumbline_writer");
  auto state = require(postgres::queue_state(writer, TimeUs{clock_.now().value + 60LL * 1000000}));
  EXPECT_EQ(state.open, 1);
  EXPECT_GT(state.oldest_due_s, 0);
  clock_.advance(24h * 6);
  ASSERT_TRUE(postgres::prune_notify(writer, clock_.now()));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_events"), 2);
  clock_.advance(24h * 2);
  ASSERT_TRUE(postgres::prune_notify(writer, clock_.now()));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_events"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_threads"), 0);
  EXPECT_EQ(deliveries(), "team event pending busy") << "its event is gone";
  send();
  EXPECT_EQ(deliveries(), "team event failed not delivered within notify.age_max");
}

TEST_F(NotifyTimes, UnsubscribingByOneClickHolds) {
  add_route("ann", "email", {.address = "ann@example.com"});
  put(event("1"));
  run();
  ASSERT_EQ(sent_.messages.size(), 1U);
  const std::string url = sent_.messages[0].unsubscribe_url;
  const std::string base = "https://plumbline.example.com";
  ASSERT_EQ(url.substr(0, base.size()), base);
  const std::string path = url.substr(base.size());
  const auto writer = pg::ConnectOptions{.conninfo = database_.conninfo(), .role = "plumbline_writer"};
  notify::UnsubscribeServer server({.listen = "127.0.0.1:0", .postgres = writer}, role_->tokens(), clock_);
  ASSERT_TRUE(server.start());
  const auto ask = [&](const std::string& method, const std::string& target, const std::string& body) {
    test::RawHttp http(server.port());
    http.send(method + " " + target +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded" +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return http.receive();
  };
  // Looking changes nothing; nor does a wrong link or an empty POST.
  EXPECT_EQ(ask("GET", path, "").status, 200);
  EXPECT_EQ(ask("POST", path, "").status, 400);
  EXPECT_EQ(ask("POST", path + "A", "List-Unsubscribe=One-Click").status, 404);
  EXPECT_EQ(ask("GET", "/", "").status, 404);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_unsubscribes"), 0);
  EXPECT_EQ(ask("POST", path, "List-Unsubscribe=One-Click").status, 200);
  EXPECT_EQ(ask("POST", path, "List-Unsubscribe=One-Click").status, 200) << "again changes nothing";
  EXPECT_THAT(ask("GET", path, "").body, HasSubstr("No more of these"));
  put(event("2"));
  run();
  EXPECT_EQ(sent_.messages.size(), 1U);
  EXPECT_EQ(deliveries(), "ann drift.opened delivered\nann drift.opened skipped unsubscribed");
  ASSERT_TRUE(postgres::RouteStore(control_, "test").enable(route("ann"), true));
  put(event("3"));
  run();
  EXPECT_EQ(sent_.messages.size(), 2U);
}

}  // namespace
}  // namespace plumbline::tests
