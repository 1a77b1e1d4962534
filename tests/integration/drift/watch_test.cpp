// Silence and policies over a real PostgreSQL, and what leaves the history in time.
#include "tests/integration/drift/drift_fixture.h"

namespace plumbline::tests {
namespace {

const TimeUs kNine = *parse_rfc3339("2026-11-10T09:00:00Z");

TEST_F(DriftTest, ARepositoryThatFallsSilentIsToldOnceAndAgainWhenItIsBack) {
  auto one = role();
  for (int i = 0; i < 4; ++i) {
    report(i, i * 1440);
    drain(*one);
    clock_.set({kNine.value + (i * 1440LL + 1) * 60000000});
    EXPECT_TRUE(require(one->watch()));
  }
  clock_.advance(73h);
  EXPECT_TRUE(require(one->watch()));
  EXPECT_TRUE(require(one->watch()));
  EXPECT_EQ(told(), "repo.silent ");
  report(9, 10 * 1440);
  drain(*one);
  clock_.set({kNine.value + (10 * 1440LL + 1) * 60000000});
  EXPECT_TRUE(require(one->watch()));
  EXPECT_TRUE(require(one->watch()));
  EXPECT_EQ(told(), "repo.silent \nrepo.reporting ");
  drain(*one);
  EXPECT_EQ(published("type"), (std::vector<std::string>{"repo.silent", "repo.reporting"}));
}

TEST_F(DriftTest, AnAgentsOtherPolicyIsToldOnce) {
  const std::string tenant = uuid_of(1).to_string();
  const auto decide = [&](const std::string& policy, const std::string& time) {
    ASSERT_TRUE(super_.execute(
        "INSERT INTO plumbline.health_agent_policies (tenant_id, agent, policy_hash, first_time, "
        "last_time, decisions) VALUES ('" +
        tenant + "', 'agent-0', '" + policy + "', '" + time + "', '" + time + "', 1)"));
    ASSERT_TRUE(super_.execute(
        "INSERT INTO plumbline.health_agent_latest (tenant_id, agent, time, trace_id, kind) VALUES "
        "('" +
        tenant + "', 'agent-0', '" + time + "', '" + tenant +
        "', 'decision') ON CONFLICT "
        "(tenant_id, agent) DO UPDATE SET time = excluded.time"));
  };
  auto one = role();
  decide("aa", "2026-11-10T09:00:00Z");
  EXPECT_TRUE(require(one->watch()));
  EXPECT_TRUE(require(one->watch()));
  decide("bb", "2026-11-10T10:00:00Z");
  EXPECT_TRUE(require(one->watch()));
  EXPECT_TRUE(require(one->watch()));
  EXPECT_EQ(told(), "policy.changed ");
  EXPECT_EQ(text("SELECT body::jsonb->'policy' FROM plumbline.drift_events"),
            R"({"to": "bb", "from": "aa"})");
}

TEST_F(DriftTest, OneProcessWatches) {
  ASSERT_TRUE(super_.begin());
  (void)require(super_.query("SELECT pg_advisory_xact_lock(1685219686, -1)"));
  EXPECT_FALSE(require(role()->watch()));
  super_.rollback();
  EXPECT_TRUE(require(role()->watch()));
}

TEST_F(DriftTest, OldReportsAreSummedUpAndTheHistoryGoesOn) {
  options_.history = 24h;
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  report(3, 3, "FAIL");
  auto one = role();
  drain(*one);
  clock_.advance(48h);
  EXPECT_TRUE(require(one->watch()));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_reports"), 1);
  report(1, 1);  // summed up: not taken again
  report(5, 5);
  report(4, 4, "FAIL", "b.ts");  // late
  for (int turn = 0; turn < 3; ++turn) drain(*one);
  EXPECT_EQ(text("SELECT concat_ws(' ', state, opened_version, resolved_version, violations_total) FROM "
                 "plumbline.drifts"),
            "resolved 2 5 2");
}

}  // namespace
}  // namespace plumbline::tests
