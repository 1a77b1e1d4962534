// One captured request, still fresh enough for its signature, sent 100,000 times over two edges, one of which
// is killed and started again: one row, and a ledger that says what the copies were. On both logs.
#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "bench/load/trace_maker.h"
#include "core/clock.h"
#include "core/crypto/webhooks.h"
#include "tests/support/raw_http.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

constexpr int kPipelined = 50;

std::string captured(const Tenant& tenant) {
  load::TraceMaker maker({}, 1);
  std::string body, request;
  std::vector<Uuid> ids;
  const TimeUs now = SystemClock().now();
  maker.make(now, body, ids);
  const Secret secret = *crypto::parse_signing_secret(tenant.signer.secret.reveal());
  load::write_request(crypto::HmacKey(secret.reveal()),
                      {tenant.signer.key_id, "127.0.0.1", "/api/v1/traces", ""}, now, body, request);
  return request;
}

// Sends copies on fresh connections until `accepted` reaches `wanted` or the deadline.
void send_copies(int port, const std::string& request, std::atomic<int>& accepted, int wanted,
                 std::chrono::steady_clock::time_point end) {
  std::string burst;
  for (int i = 0; i < kPipelined; ++i) burst += request;
  while (accepted < wanted && std::chrono::steady_clock::now() < end) {
    if (http_get(port, "/livez") != 200) continue;  // it is being started again
    try {
      test::RawHttp connection(port);
      for (bool open = true; open && accepted < wanted;) {
        open = connection.send(burst);
        for (int i = 0; open && i < kPipelined; ++i) {
          const int status = connection.receive(std::chrono::seconds(10)).status;
          open = status != 0;
          if (status == 202) ++accepted;
        }
      }
    } catch (const std::runtime_error&) {  // killed between the two
    }
  }
}

class Replay : public testing::TestWithParam<Backend> {};

TEST_P(Replay, AHundredThousandCopiesOverTwoEdgesAndARestartAreOneRow) {
  const int copies = 50'000;  // over each edge
  Stack stack(GetParam(), {{"PLUMBLINE_EDGE_THREADS", "2"}});
  stack.start_roles();
  const Tenant acme = stack.create_tenant("acme");
  // The embedded log has one owner, which is the only edge of its machine.
  const bool two = GetParam() == Backend::kKafka;
  const int second_port = two ? test::free_port() : stack.edge_port();
  if (two) stack.add_role("edge", {{"PLUMBLINE_EDGE_LISTEN", "127.0.0.1:" + std::to_string(second_port)}});
  const std::string request = captured(acme);
  // The key has reached both.
  for (const int port : {stack.edge_port(), second_port}) {
    ASSERT_TRUE(test::wait_for([&] {
      if (http_get(port, "/readyz") != 200) return false;
      test::RawHttp connection(port);
      return connection.send(request) && connection.receive(std::chrono::seconds(10)).status == 202;
    })) << port
        << "\n"
        << stack.logs();
  }
  std::atomic<int> first_accepted{0}, second_accepted{0};
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(270);  // a signature is good for 300
  std::jthread at_first([&] { send_copies(stack.edge_port(), request, first_accepted, copies, end); });
  std::jthread at_second([&] { send_copies(second_port, request, second_accepted, copies, end); });
  ASSERT_TRUE(test::wait_for([&] { return first_accepted > copies / 3; }, std::chrono::seconds(120)))
      << stack.logs();
  stack.edge().kill9();
  stack.edge().start();
  at_first.join();
  at_second.join();
  ASSERT_GE(first_accepted, copies) << stack.logs();
  ASSERT_GE(second_accepted, copies) << stack.logs();

  // Each accepted copy, and what the kill left unanswered, is counted as what it was. Both conditions at
  // once: while neither side has told of its last copies, the books balance on fewer.
  const int expected_duplicates = first_accepted + second_accepted + 1;
  EXPECT_TRUE(test::wait_for(
      [&] {
        return stack.value("SELECT bool_and(balanced) AND sum(duplicate) >= " +
                           std::to_string(expected_duplicates) + " FROM plumbline.ledger_balance") == "t";
      },
      std::chrono::seconds(120)))
      << expected_duplicates << " duplicates expected\n"
      << stack.plumbline("ledger");
  EXPECT_EQ(stack.value("SELECT count(*) FROM plumbline.traces"), "1");
  EXPECT_EQ(stack.value("SELECT sum(conflict + dead) FROM plumbline.ledger_balance"), "0");
}

INSTANTIATE_TEST_SUITE_P(Logs, Replay, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& of) { return to_string(of.param); });

}  // namespace
}  // namespace plumbline::tests
