// kill -9 at random of the edge, persist, the broker and PostgreSQL while two tenants stream: every id that
// was answered 202 is in the table exactly once, and the ledger balances. Seed: PLUMBLINE_SEED (printed);
// kills: PLUMBLINE_KILLS (30).
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/chaos/stream.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Kill : public testing::TestWithParam<Backend> {};

void kill_one(Stack& stack, std::mt19937_64& random, std::map<std::string, int>& killed) {
  const int victims = stack.backend() == Backend::kKafka ? 4 : 3;
  switch (random() % static_cast<std::uint64_t>(victims)) {
    case 0:
      ++killed["edge"];
      stack.edge().kill9();
      stack.edge().start();
      break;
    case 1:
      ++killed["persist"];
      stack.persist().kill9();
      stack.persist().start();
      break;
    case 2:
      ++killed["postgres"];
      stack.postgres().kill9();
      stack.postgres().start();
      break;
    default:
      ++killed["broker"];
      stack.broker().kill9();
      stack.broker().start();
  }
}

TEST_P(Kill, EveryAcceptedTraceIsStoredExactlyOnceAndTheLedgerBalances) {
  const std::uint64_t seed = from_environment("PLUMBLINE_SEED", std::random_device{}());
  const std::uint64_t kills = from_environment("PLUMBLINE_KILLS", 30);
  std::cout << "PLUMBLINE_SEED=" << seed << " PLUMBLINE_KILLS=" << kills << std::endl;
  std::mt19937_64 random(seed);

  Stack stack(GetParam(), {{"PLUMBLINE_EDGE_THREADS", "2"}});
  stack.start_roles();
  const Tenant acme = stack.create_tenant("acme"), globex = stack.create_tenant("globex");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, acme) && accepts(stack, globex); })) << stack.logs();
  Stream stream(stack.edge_port(), {acme.signer, globex.signer}, seed);
  ASSERT_TRUE(test::wait_for([&] { return stream.accepted() > 0; })) << "nothing is accepted\n"
                                                                     << stack.logs();

  std::map<std::string, int> killed;
  for (std::uint64_t i = 0; i < kills; ++i) {
    // Between two kills something must have been accepted: each kill meets a pipeline that works.
    const std::size_t before = stream.accepted();
    const std::size_t enough = before + 200 + random() % 2000;
    ASSERT_TRUE(test::wait_for([&] { return stream.accepted() >= enough; }, std::chrono::seconds(90)))
        << "no recovery after kill " << i << "; " << stream.accepted() - before << " accepted\n"
        << stack.logs();
    kill_one(stack, random, killed);
  }
  const auto statuses = stream.by_status();
  const std::set<Uuid> accepted = stream.end();
  for (const auto& [who, times] : killed) std::cout << "killed " << who << " " << times << " times\n";
  for (const auto& [status, times] : statuses)
    std::cout << "answered " << status << " " << times << " times\n";
  std::cout << accepted.size() << " traces accepted" << std::endl;

  EXPECT_FALSE(statuses.contains(401))
      << "an edge that has just started must not deny a key that it has not read yet";

  const auto missing = [&] {
    std::set<Uuid> left = accepted;
    auto connection = stack.database().superuser();
    auto rows = connection.query("SELECT id FROM plumbline.traces");
    if (!rows) return left;
    for (int i = 0; i < rows->size(); ++i) left.erase(*Uuid::parse(rows->text(i, 0)));
    return left;
  };
  const bool all = test::wait_for([&] { return missing().empty(); }, std::chrono::seconds(90));
  ASSERT_TRUE(all) << missing().size() << " of " << accepted.size()
                   << " accepted traces are not stored, first " << missing().begin()->to_string() << "\n"
                   << stack.logs();
  EXPECT_EQ(stack.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
  EXPECT_TRUE(test::wait_for([&] {
    return stack.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
  })) << stack.plumbline("ledger")
      << stack.logs();
}

INSTANTIATE_TEST_SUITE_P(Logs, Kill, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& each) { return to_string(each.param); });

}  // namespace
}  // namespace plumbline::tests
