#include "producers/edge/admit.h"

#include <string>

#include <gtest/gtest.h>

namespace plumbline::edge {
namespace {

using namespace std::chrono_literals;
const TenantId kTenant{*Uuid::parse("b0c1d2e3-0000-4000-8000-000000000001")};
const TenantId kOther{*Uuid::parse("b0c1d2e3-0000-4000-8000-000000000002")};
constexpr Rates kRates{{10, 20}, {5, 8}};
const SteadyTime kStart{1000s};

Admission take(Admitter& admitter, std::uint32_t traces, SteadyTime now, std::string_view agent = "a",
               TenantId tenant = kTenant) {
  const AgentShare share{agent, traces};
  return admitter.admit(tenant, kRates, {&share, 1}, now);
}

TEST(Admit, TakesABurstThenTheRate) {
  Admitter admitter;
  EXPECT_TRUE(take(admitter, 8, kStart).admitted);
  const Admission refused = take(admitter, 1, kStart);
  EXPECT_FALSE(refused.admitted);
  EXPECT_TRUE(refused.by_agent);
  EXPECT_EQ(refused.wait, 200ms);
  EXPECT_FALSE(take(admitter, 1, kStart + 199ms).admitted);
  EXPECT_TRUE(take(admitter, 1, kStart + 200ms).admitted);
}

TEST(Admit, ARefusedAgentCostsItsTenantNothing) {
  Admitter admitter;
  ASSERT_TRUE(take(admitter, 8, kStart, "a").admitted);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(take(admitter, 5, kStart, "a").admitted);
  EXPECT_TRUE(take(admitter, 8, kStart, "b").admitted);
  const Admission last = take(admitter, 8, kStart, "c");
  EXPECT_FALSE(last.admitted) << "the tenant has 4 left";
  EXPECT_FALSE(last.by_agent);
  EXPECT_TRUE(take(admitter, 8, kStart, "a", kOther).admitted) << "tenants don't share";
}

TEST(Admit, ARequestAboveTheBurstPassesAFullBucketAndOwes) {
  Admitter admitter;
  EXPECT_TRUE(take(admitter, 28, kStart).admitted);
  EXPECT_FALSE(take(admitter, 1, kStart + 4s).admitted) << "the agent owes 20 traces: four seconds";
  EXPECT_TRUE(take(admitter, 1, kStart + 4200ms).admitted);
}

TEST(Admit, NeverAdmitsMoreThanBurstAndRateAllow) {
  Admitter admitter;
  int admitted = 0;
  for (int ms = 0; ms < 10000; ms += 7)
    admitted += take(admitter, 1, kStart + std::chrono::milliseconds(ms)).admitted ? 1 : 0;
  EXPECT_LE(admitted, 8 + 5 * 10);
  EXPECT_GE(admitted, 8 + 5 * 10 - 2);
}

TEST(Admit, KeepsABoundedNumberOfBuckets) {
  Admitter admitter(1600);
  for (int i = 0; i < 20000; ++i) {
    static_cast<void>(
        take(admitter, 1, kStart + std::chrono::milliseconds(i * 100), "agent-" + std::to_string(i)));
  }
  EXPECT_LE(admitter.buckets(), 1616U);
}

TEST(Admit, AClockThatGoesBackHarmsNothing) {
  Admitter admitter;
  ASSERT_TRUE(take(admitter, 8, kStart).admitted);
  EXPECT_FALSE(take(admitter, 1, kStart - 100s).admitted);
  EXPECT_FALSE(take(admitter, 2, kStart + 100ms).admitted);
}

}  // namespace
}  // namespace plumbline::edge
