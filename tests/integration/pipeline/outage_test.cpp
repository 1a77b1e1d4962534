// What holds while a part is away: PostgreSQL (the edge serves on), the log (503, then recovery without a
// restart).
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

// Sends `requests` requests of one trace; status → count.
std::map<int, std::uint64_t> send(const Stack& stack, const Tenant& tenant, int requests_s = 50) {
  load::LoadOptions options;
  options.port = static_cast<std::uint16_t>(stack.edge_port());
  options.signers = {tenant.signer};
  options.connections = 4;
  options.requests_s = requests_s;
  options.warmup = std::chrono::milliseconds(0);
  options.duration = std::chrono::milliseconds(1000);
  std::map<int, std::uint64_t> seen;
  const auto result = load::run_load(options, {}, [&](int status, auto, auto, auto) { ++seen[status]; });
  EXPECT_TRUE(result.ok());
  return seen;
}

class Outage : public testing::TestWithParam<Backend> {
 protected:
  Outage() : stack_(GetParam()) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
  }
  Stack stack_;
  Tenant tenant_;
};

TEST_P(Outage, TheEdgeServesWhilePostgreSqlIsDownAlsoAfterItsOwnRestart) {
  stack_.postgres().kill9();
  auto seen = send(stack_, tenant_);
  EXPECT_GT(seen[202], 0u);
  stack_.edge().kill9();
  stack_.edge().start();
  ASSERT_TRUE(test::wait_for([this] { return stack_.edge_ready(); })) << stack_.logs();
  auto again = send(stack_, tenant_);
  EXPECT_GT(again[202], 0u) << stack_.logs();
  stack_.postgres().start();
  EXPECT_TRUE(test::wait_for([&] {
    const std::string stored = stack_.value("SELECT count(*) FROM plumbline.traces");
    return !stored.empty() && std::stoull(stored) >= seen[202] + again[202];
  })) << stack_.logs();
}

TEST_P(Outage, ADrainAnswersWhatIsInFlightAndEndsWithZero) {
  std::uint64_t accepted = 0, broken = 0;
  std::jthread load([&] {
    load::LoadOptions options;
    options.port = static_cast<std::uint16_t>(stack_.edge_port());
    options.signers = {tenant_.signer};
    options.connections = 16;
    options.warmup = std::chrono::milliseconds(0);
    options.duration = std::chrono::milliseconds(2000);
    const auto result = load::run_load(
        options, {}, [&](int status, auto ids, auto, auto) { accepted += status == 202 ? ids.size() : 0; });
    broken = result.ok() ? result->broken : 0;
  });
  ASSERT_TRUE(test::wait_for([this] {
    return stack_.value("SELECT count(*) > 0 FROM plumbline.traces") == "t";
  })) << stack_.logs();
  EXPECT_EQ(stack_.edge().terminate(), 0) << stack_.logs();
  load.join();
  stack_.edge().start();
  EXPECT_TRUE(test::wait_for([&] {
    return stack_.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
  })) << stack_.plumbline("ledger");
  const std::string stored = stack_.value("SELECT count(*) FROM plumbline.traces");
  EXPECT_GE(std::stoull("0" + stored), accepted);
}

INSTANTIATE_TEST_SUITE_P(Logs, Outage, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& each) { return to_string(each.param); });

TEST(BrokerOutage, TheEdgeSays503AndRecoversWithoutARestart) {
  Stack stack(Backend::kKafka);
  stack.start_roles();
  const Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  const pid_t edge = stack.edge().pid();
  stack.broker().kill9();
  ASSERT_TRUE(test::wait_for([&] { return send(stack, tenant, 5)[503] > 0; })) << stack.logs();
  stack.broker().start();
  EXPECT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  EXPECT_EQ(stack.edge().pid(), edge);
}

}  // namespace
}  // namespace plumbline::tests
