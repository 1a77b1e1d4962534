// What is recorded and sent, and in which order.
#include "tests/integration/notify/notify_fixture.h"

namespace plumbline::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(NotifyTest, EachEventOnceHoweverOftenItIsPublishedOrRead) {
  add_route("team");
  put(event("one"));
  put(event("one"));  // published twice after a crash
  run();
  ASSERT_EQ(sent_.messages.size(), 1U);
  const channel::Message& m = sent_.messages.front();
  EXPECT_EQ(m.content, channel::Content::kEvent);
  EXPECT_EQ(m.attempt, 1);
  EXPECT_FALSE(m.resend);
  EXPECT_EQ(m.tenant_name, "Acme");
  EXPECT_EQ(m.route_name, "team");
  EXPECT_EQ(m.events.front().summary, "a layer violation");
  EXPECT_EQ(deliveries(), "team drift.opened delivered");

  // A replay: the position set back.
  require(super_.query("UPDATE plumbline.positions SET next_offset = 0 WHERE consumer = 'notify'"));
  restart();
  run();
  // Even where nobody remembers the position (another log): new routes hear nothing of old events.
  require(super_.query("DELETE FROM plumbline.positions WHERE consumer = 'notify'"));
  add_route("later");
  restart();
  run();
  EXPECT_EQ(sent_.messages.size(), 1U);
  EXPECT_EQ(deliveries(), "team drift.opened delivered");
}

TEST_F(NotifyTest, WhatIsRecordedOnlyAndWhatIsTooOldIsNotSent) {
  add_route("team");
  auto quiet = event("backfilled");
  quiet.notify = false;
  put(quiet);
  auto old = event("old");
  old.recorded_at = "2026-02-20T00:00:00Z";
  put(old);
  run();
  EXPECT_THAT(sent_.messages, IsEmpty());
  EXPECT_EQ(deliveries(), "team drift.opened skipped older than notify.age_max");
}

TEST_F(NotifyTest, AnIncidentIsToldInOrderWithTheReferencesOfItsEarlierMessages) {
  add_route("team", "slack_app", {.address = "C1", .lane = postgres::lane_of_channel("C1")});
  put(event("1"));
  auto updated = event("2"), resolved = event("3");
  updated.type = "drift.updated";
  resolved.type = "drift.resolved";
  put(updated);
  put(resolved);
  sent_.answers["team"] = {channel::Retry{"busy"}};
  run();
  EXPECT_THAT(sent_types(), ElementsAre("drift.opened")) << "the later ones wait for the first";
  for (int i = 0; i < 3; ++i) {
    clock_.advance(1s);  // backoff, then a message a second
    send();
  }
  EXPECT_THAT(sent_types(), ElementsAre("drift.opened", "drift.opened", "drift.updated", "drift.resolved"));
  EXPECT_EQ(sent_.messages[1].attempt, 2);
  EXPECT_EQ(sent_.messages[1].delivery, sent_.messages[0].delivery);
  EXPECT_EQ(sent_.messages[1].previous_ref, "");
  EXPECT_EQ(sent_.messages[2].previous_ref, "ref-2");
  EXPECT_EQ(sent_.messages[3].first_ref, "ref-2");
  EXPECT_EQ(sent_.messages[3].previous_ref, "ref-3");
}

TEST_F(NotifyTest, OneMessageASecondToASlackChannelWhicheverRouteItCameBy) {
  add_route("a", "slack_app", {.address = "C1", .lane = postgres::lane_of_channel("C1")});
  add_route("b", "slack_app", {.address = "C1", .lane = postgres::lane_of_channel("C1")});
  add_route("c");
  put(event("1"));
  run();
  EXPECT_EQ(sent_.messages.size(), 2U) << "one of the channel, one of the webhook";
  clock_.advance(999ms);
  send();
  EXPECT_EQ(sent_.messages.size(), 2U);
  clock_.advance(1ms);
  send();
  EXPECT_EQ(sent_.messages.size(), 3U);
}

TEST_F(NotifyTest, RetriesHonourWhatIsAskedAndDelayNobodyElse) {
  add_route("slow");
  add_route("well");
  sent_.answers["slow"] = {channel::Retry{"429", 30s}};
  put(event("1"));
  run();
  EXPECT_EQ(sent_.messages.size(), 2U);
  auto other = event("2");
  other.incident = "";
  put(other);
  run();
  EXPECT_EQ(sent_.messages.size(), 3U) << "the destination rests, not only the message";
  clock_.advance(29s);
  send();
  EXPECT_EQ(sent_.messages.size(), 3U);
  clock_.advance(1s);
  send();
  EXPECT_EQ(sent_.messages.size(), 5U);
  EXPECT_THAT(deliveries(), Not(HasSubstr("pending")));
}

TEST_F(NotifyTest, WhatMayHaveArrivedIsSentAgainFlagged) {
  add_route("team");
  sent_.answers["team"] = {channel::Unknown{"the answer was lost"}};
  put(event("1"));
  run();
  EXPECT_EQ(deliveries(), "team drift.opened pending the answer was lost resend");
  clock_.advance(1s);
  send();
  ASSERT_EQ(sent_.messages.size(), 2U);
  EXPECT_TRUE(sent_.messages[1].resend);
  EXPECT_EQ(deliveries(), "team drift.opened delivered resend");
}

TEST_F(NotifyTest, WhatADeadSenderHadClaimedIsSentAgainFlagged) {
  const NotifyRoute team = add_route("team");
  put(event("1"));
  read();
  // Claims, commits and is never heard of again.
  auto writer = database_.connect("plumbline_writer");
  ASSERT_TRUE(writer.begin());
  auto lane = require(postgres::take_lane(writer, clock_.now()));
  ASSERT_TRUE(lane);
  auto candidate = require(postgres::next_candidate(writer, lane->name, clock_.now()));
  ASSERT_TRUE(candidate);
  const auto lease = [&](std::chrono::milliseconds length) {
    return postgres::claim(writer, lane->name, {candidate->delivery}, candidate->delivery.id, Uuid::random(),
                           length, clock_.now());
  };
  ASSERT_TRUE(lease(1h));
  ASSERT_TRUE(writer.commit());
  send();
  EXPECT_THAT(sent_.messages, IsEmpty()) << "it may still be at it";
  require(super_.query("UPDATE plumbline.notify_lanes SET leased_until = now() - interval '1 second'"));
  send();
  ASSERT_EQ(sent_.messages.size(), 1U);
  EXPECT_TRUE(sent_.messages[0].resend);
  EXPECT_EQ(sent_.messages[0].attempt, 2);
  EXPECT_EQ(deliveries(), "team drift.opened delivered resend");
}

TEST_F(NotifyTest, FiltersMuteAndRemovalAreRecorded) {
  add_route("picky", "webhook", {.repos = {"other/*"}});
  add_route("all");
  auto store = postgres::RouteStore(control_, "test");
  ASSERT_TRUE(store.mute(route("all"), "infinity"));
  put(event("1"));
  run();
  EXPECT_EQ(deliveries(), "all drift.opened skipped route muted");
  ASSERT_TRUE(store.mute(route("all"), ""));
  put(event("2"));
  read();
  ASSERT_TRUE(store.remove(route("all")));
  send();
  EXPECT_THAT(deliveries(), HasSubstr("- drift.opened skipped route removed"));
  EXPECT_THAT(sent_.messages, IsEmpty());
}

TEST_F(NotifyTest, ATestMessageIsSentAtOnceAndItsOutcomeShown) {
  add_route("team");
  auto store = postgres::RouteStore(control_, "ann");
  const Uuid id = require(store.test(route("team"), clock_.now()));
  send();
  ASSERT_EQ(sent_.messages.size(), 1U);
  EXPECT_EQ(sent_.messages[0].content, channel::Content::kTest);
  EXPECT_THAT(sent_.messages[0].notice->text, HasSubstr("ann"));
  EXPECT_EQ(require(postgres::delivery_state(control_, tenant_, id)).state, "delivered");
}

TEST_F(NotifyTest, SecretsTravelSealed) {
  const auto sealer = require(crypto::Sealer::from_text(keys_.master_key));
  NotifyRoute with;
  with.tenant = tenant_;
  with.id = Uuid::random();
  with.name = "hook";
  with.kind = "webhook";
  with.address = "https://example.com/hook";
  with.lane = with.id.to_string();
  with.sealed_secret =
      postgres::seal_route_secrets(sealer, tenant_, with.id, {Secret("whsec_new"), Secret("whsec_old")});
  require(postgres::RouteStore(control_, "test").add(with));
  put(event("1"));
  run();
  ASSERT_EQ(sent_.messages.size(), 1U);
  ASSERT_EQ(sent_.messages[0].to.secrets.size(), 2U);
  EXPECT_EQ(sent_.messages[0].to.secrets[0].reveal(), "whsec_new");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_routes WHERE sealed_secret::text LIKE '%whsec%'"),
            0);
}

TEST_F(NotifyTest, AfterAChangeOfTheMasterKeySecretsAreSealedAnew) {
  const auto older = require(crypto::Sealer::from_text(keys_.master_key));
  NotifyRoute route = add_route("hook");
  const std::string sealed =
      postgres::seal_route_secrets(older, tenant_, route.id, {Secret("whsec_one"), Secret("whsec_two")});
  auto store = postgres::RouteStore(control_, "test");
  ASSERT_TRUE(store.replace_secret(route, sealed));
  const std::string both = std::string(crypto::random_master_key().reveal()) + "\n" + std::string(kMasterKey);
  const auto sealer = require(crypto::Sealer::from_text(Secret(both)));
  EXPECT_EQ(require(postgres::reseal_routes(control_, sealer, "test")), 1);
  EXPECT_EQ(require(postgres::reseal_routes(control_, sealer, "test")), 0) << "done already";
  route = require(store.find(tenant_, "hook"));
  EXPECT_EQ(crypto::Sealer::key_id_of(route.sealed_secret), sealer.key_id());
  EXPECT_EQ(require(postgres::open_route_secrets(sealer, route)).at(1).reveal(), "whsec_two");
}

TEST_F(NotifyTest, PoisonIsADeadLetterAndBlocksNothing) {
  add_route("team");
  put_raw("{\"v\":1}", tenant_.value.to_string());
  auto foreign = event("foreign");
  foreign.tenant = Uuid::random().to_string();
  put_raw(foreign.json(), tenant_.value.to_string());
  put(event("good"));
  run();
  EXPECT_EQ(sent_.messages.size(), 1U);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.dead_letters WHERE consumer = 'notify' AND reason IN "
                   "('schema', 'tenant_mismatch')"),
            2);
  EXPECT_EQ(log_.all("dead.v1").size(), 2U);
}

TEST_F(NotifyTest, AnErasedTenantIsNotNotified) {
  add_route("team");
  require(super_.query("UPDATE plumbline.tenants SET status = 'erased'"));
  put(event("1"));
  run();
  EXPECT_THAT(sent_.messages, IsEmpty());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.notify_events"), 0);
}

}  // namespace
}  // namespace plumbline::tests
