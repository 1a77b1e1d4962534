// What the edge does when the log is slow, refuses or is away, and when it must end.
#include <algorithm>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "tests/integration/edge/edge_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::test {
namespace {

using Pressure = EdgeFixture;
constexpr auto kTraces = "/api/v1/traces";

TEST_F(Pressure, AnswersNothingBeforeTheAck) {
  start();
  log_.hold_acks(true);
  RawHttp client(edge_->port());
  client.send(request(kTraces, trace()));
  ASSERT_TRUE(log_.wait_held(1));
  EXPECT_FALSE(client.closed(std::chrono::milliseconds(100))) << "no bytes, no end";
  EXPECT_EQ(client.receive(std::chrono::milliseconds(1)).status, 0);
  log_.hold_acks(false);
  EXPECT_EQ(client.receive().status, 202);
}

TEST_F(Pressure, Says503WhenTheAckIsLateAndServesOn) {
  config_.ack_wait_max = std::chrono::milliseconds(300);
  start();
  log_.hold_acks(true);
  const RawResponse late = post(kTraces, trace());
  EXPECT_EQ(late.status, 503);
  EXPECT_NE(late.body.find("log_slow"), std::string::npos);
  EXPECT_TRUE(late.fields.contains("retry-after"));
  log_.hold_acks(false);
  EXPECT_TRUE(wait_answer(202));
}

TEST_F(Pressure, Says503WhenAnyFrameIsNotDurable) {
  start();
  for (const auto status : {log::Ack::Status::kRefused, log::Ack::Status::kUnconfirmed}) {
    log_.answer_with(status);
    EXPECT_EQ(post(kTraces, trace("a") + "\n" + trace("b")).status, 503);
    log_.answer_with(log::Ack::Status::kDurable);
    EXPECT_EQ(post(kTraces, trace()).status, 202);
  }
}

TEST_F(Pressure, SequencesOfARunAreDenseInThePartitionAlsoAfterFailures) {
  config_.threads = 1;
  start();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(post(kTraces, trace("agent-" + std::to_string(i % 5))).status, 202);
    log_.answer_with(log::Ack::Status::kRefused);
    EXPECT_EQ(post(kTraces, trace()).status, 503);
    log_.answer_with(log::Ack::Status::kDurable);
  }
  std::map<std::pair<std::string, int>, int> next;
  for (const MemoryRecord& record : log_.records("traces.v1")) {
    EXPECT_EQ(record.header("seq"), std::to_string(next[{record.header("run_id"), record.partition}]++));
  }
}

TEST_F(Pressure, IsNotReadyWhileTheLogIsAwayAndRecovers) {
  start();
  log_.set_healthy(retryable("log_down", "no broker"));
  EXPECT_TRUE(wait_ready(503));
  const RawResponse refused = post(kTraces, trace());
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("log_down"), std::string::npos);
  EXPECT_EQ(get("/livez").status, 200);
  log_.set_healthy(ok_status());
  EXPECT_TRUE(wait_ready(200));
  EXPECT_TRUE(wait_answer(202));
}

TEST_F(Pressure, RefusesMoreBytesThanItMayHold) {
  config_.inflight_bytes_max = 3000;
  start();
  log_.hold_acks(true);
  RawHttp first(edge_->port());
  const std::string body = trace(std::string(400, 'a')) + std::string(1500, ' ');
  first.send(request(kTraces, body));
  ASSERT_TRUE(log_.wait_held(1));
  const RawResponse refused = post(kTraces, body);
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("overloaded"), std::string::npos);
  EXPECT_EQ(refused.fields.at("retry-after"), "1");
  log_.hold_acks(false);
  EXPECT_EQ(first.receive().status, 202);
}

TEST_F(Pressure, DrainAnswersWhatIsInFlightAndPublishesBalancedOutcomes) {
  config_.outcomes_interval = std::chrono::hours(1);
  start();
  EXPECT_EQ(post(kTraces, trace() + "\nbroken\n" + trace()).status, 202);
  log_.answer_with(log::Ack::Status::kRefused);
  EXPECT_EQ(post(kTraces, trace()).status, 503);
  log_.answer_with(log::Ack::Status::kDurable);
  log_.hold_acks(true);
  RawHttp client(edge_->port());
  client.send(request(kTraces, trace()));
  ASSERT_TRUE(log_.wait_held(1));
  std::jthread releaser([this] {
    EXPECT_TRUE(wait_for([this] {
      try {
        RawHttp late(edge_->port());
        return false;
      } catch (const std::runtime_error&) {
        return true;  // it accepts no more
      }
    }));
    log_.hold_acks(false);
  });
  EXPECT_TRUE(edge_->drain());
  EXPECT_EQ(client.receive().status, 202);
  int received = 0;
  int accepted = 0;
  for (const MemoryRecord& record : log_.records("outcomes.v1")) {
    EXPECT_NE(record.key.find("/" + tenant_ + "/"), std::string::npos);
    received += std::stoi(record.value.substr(record.value.find("\"received\":") + 11));
    accepted += std::stoi(record.value.substr(record.value.find("\"accepted\":") + 11));
  }
  EXPECT_EQ(received, 5) << "one publication for each run and minute: cumulative counts add up over them";
  EXPECT_EQ(accepted, 3);
}

// Every worker listens by itself: sockets in state 0A (listening) with the port, as /proc/net/tcp shows them.
int listeners(int port) {
  std::ifstream table("/proc/net/tcp");
  const std::string local = fmt::format(":{:04X} 00000000:0000 0A ", port);
  int found = 0;
  for (std::string line; std::getline(table, line);) found += line.find(local) != std::string::npos ? 1 : 0;
  return found;
}

TEST_F(Pressure, HasAWorkerForEveryTwoCoresUnlessToldOtherwise) {
  config_.threads = 0;
  start();
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_EQ(listeners(edge_->port()), (cores + 1) / 2);
  edge_.reset();  // before the keys that it knows
  config_.threads = 3;
  start();
  EXPECT_EQ(listeners(edge_->port()), 3);
}

TEST_F(Pressure, ManyConnectionsShareSubmits) {
  config_.threads = 1;
  start();
  const std::size_t before = log_.submits();
  std::vector<std::unique_ptr<RawHttp>> clients;
  log_.hold_acks(true);
  for (int i = 0; i < 32; ++i) clients.push_back(std::make_unique<RawHttp>(edge_->port()));
  for (auto& client : clients) client->send(request(kTraces, trace()));
  ASSERT_TRUE(log_.wait_held(32));
  EXPECT_LE(log_.submits() - before, 40U);
  log_.hold_acks(false);
  for (auto& client : clients) EXPECT_EQ(client->receive().status, 202);
}

}  // namespace
}  // namespace plumbline::test
