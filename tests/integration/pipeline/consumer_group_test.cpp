// Two persist processes on Kafka share the partitions; killing, stopping past the session time-out and adding
// one loses and duplicates nothing, and the stale one commits nothing.
#include <csignal>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

class Sending {
 public:
  Sending(const Stack& stack, std::vector<load::Signer> signers) {
    options_.port = static_cast<std::uint16_t>(stack.edge_port());
    options_.signers = std::move(signers);
    options_.connections = 8;
    options_.requests_s = 100;
    options_.warmup = std::chrono::milliseconds(0);
    options_.duration = std::chrono::hours(1);
    options_.shape = {
        .traces_per_request = 10, .trace_bytes = 600, .sessions = 5, .agents = 40, .zstd = false};
    thread_ = std::jthread([this](std::stop_token stop) {
      (void)load::run_load(options_, std::move(stop),
                           [this](int status, std::span<const Uuid> ids, auto, auto) {
                             if (status == 202) accepted_.insert(ids.begin(), ids.end());
                           })
          .ok();
    });
  }
  std::set<Uuid> end() {
    thread_.request_stop();
    thread_.join();
    return accepted_;
  }

 private:
  load::LoadOptions options_;
  std::set<Uuid> accepted_;  // the thread's until it has ended
  std::jthread thread_;
};

std::int64_t number(const Stack& stack, const std::string& sql) {
  const std::string text = stack.value(sql);
  return text.empty() ? -1 : std::stoll(text);
}

// Rows keep arriving: as many again as one partition could hide.
::testing::AssertionResult goes_on(const Stack& stack) {
  const std::int64_t before = number(stack, "SELECT count(*) FROM plumbline.traces");
  const bool held =
      test::wait_for([&] { return number(stack, "SELECT count(*) FROM plumbline.traces") > before + 1000; },
                     std::chrono::seconds(90));
  return held ? ::testing::AssertionSuccess()
              : ::testing::AssertionFailure() << "no more rows\n"
                                              << stack.logs();
}

// Epochs rise with every assignment: a rebalance has happened when their sum has risen.
std::int64_t epochs(const Stack& stack) {
  return number(stack, "SELECT coalesce(sum(epoch), 0) FROM plumbline.positions WHERE consumer = 'persist'");
}

TEST(ConsumerGroup, MembersComeGoAndStallWithoutLossOrDuplicate) {
  Stack stack(Backend::kKafka);
  stack.start_roles();
  const Tenant acme = stack.create_tenant("acme"), globex = stack.create_tenant("globex");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, acme) && accepts(stack, globex); })) << stack.logs();
  Sending sending(stack, {acme.signer, globex.signer});
  ASSERT_TRUE(goes_on(stack));

  std::int64_t epoch = epochs(stack);
  stack.add_persist();
  ASSERT_TRUE(test::wait_for([&] { return epochs(stack) > epoch; }, std::chrono::seconds(90)))
      << "the second member got nothing";
  ASSERT_TRUE(goes_on(stack));

  epoch = epochs(stack);
  stack.persist(1).pause();
  ASSERT_TRUE(test::wait_for([&] { return epochs(stack) > epoch; }, std::chrono::seconds(90)))
      << "the stalled member keeps its partitions";
  ASSERT_TRUE(goes_on(stack));
  stack.persist(1).signal(SIGCONT);
  ASSERT_TRUE(goes_on(stack));

  epoch = epochs(stack);
  stack.persist(0).kill9();
  ASSERT_TRUE(test::wait_for([&] { return epochs(stack) > epoch; }, std::chrono::seconds(90)))
      << "nobody takes over";
  ASSERT_TRUE(goes_on(stack));
  stack.add_persist();

  const std::set<Uuid> accepted = sending.end();
  const auto missing = [&] {
    std::set<Uuid> left = accepted;
    auto connection = stack.database().superuser();
    const auto rows = connection.query("SELECT id FROM plumbline.traces");
    for (int i = 0; rows && i < rows->size(); ++i) left.erase(*Uuid::parse(rows->text(i, 0)));
    return left.size();
  };
  EXPECT_TRUE(test::wait_for([&] { return missing() == 0; }, std::chrono::seconds(90)))
      << missing() << " of " << accepted.size() << " missing\n"
      << stack.logs();
  EXPECT_EQ(stack.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
  EXPECT_TRUE(test::wait_for([&] {
    return stack.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
  })) << stack.plumbline("ledger");
  EXPECT_EQ(stack.value("SELECT coalesce(sum(duplicate + conflict + dead), 0) FROM plumbline.ledger_balance"),
            "0");
}

}  // namespace
}  // namespace plumbline::tests
