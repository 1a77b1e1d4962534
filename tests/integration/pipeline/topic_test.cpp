// What an operator or a stranger does to the topics themselves: a poison record put there by hand, `plumbline
// log`, the history moved to the other backend; and the stock client library against the real edge.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "core/config/load.h"
#include "core/frame.h"
#include "core/log/open/open_log.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

using testing::HasSubstr;

// Numbers that print as 131 MB, NUL, lone surrogates, depth: what the edge refuses by name and persist must
// survive.
std::vector<std::string> poison_lines() {
  const std::string head =
      R"({"id":"11111111-1111-4111-8111-111111111111","kind":"session","time":"2026-11-20T10:00:00Z","agent":"a","data":{"event":"start","x":)";
  return {head + "1E131073}}", head + R"("\u0000"}})", head + R"("\ud800"}})",
          head + std::string(100, '[') + std::string(100, ']') + "}}", "not json"};
}

class Topics : public testing::TestWithParam<Backend> {
 protected:
  Topics() : stack_(GetParam()) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
  }
  std::unique_ptr<log::Log> client() {
    loaded_ = require(config::load({.file = stack_.config_path()}));
    return require(log::open_log(loaded_.config, log::Access::kClient));
  }
  // A frame as an edge would write it, whatever its lines hold.
  void put(log::Log& log, std::uint64_t seq, const std::string& value) {
    const std::string run = "22222222-2222-4222-8222-222222222222", key = tenant_.id + "/a",
                      number = std::to_string(seq);
    const std::string at = format_rfc3339(SystemClock().now());
    const log::Header headers[] = {{frame::kTenant, tenant_.id}, {frame::kAgent, "a"},
                                   {frame::kKeyId, "key_hand"},  {frame::kReceivedAt, at},
                                   {frame::kRunId, run},         {frame::kSeq, number}};
    log::Record record;
    record.topic = frame::kTracesTopic;
    record.partition = log::partition_of(key, require(log.topic(frame::kTracesTopic)).partitions);
    record.key = key;
    record.value = value;
    record.headers = headers;
    record.timestamp_ms = SystemClock().now().value / 1000;
    const auto offset = log::append_and_wait(log, record);
    ASSERT_TRUE(offset.ok()) << offset.error().message;
  }

  Stack stack_;
  Tenant tenant_;
  config::Loaded loaded_;
};

TEST_P(Topics, PoisonByHandIsDeadLetteredOnceAndThePartitionGoesOn) {
  const auto log = client();
  std::uint64_t seq = 0;
  for (const std::string& line : poison_lines()) put(*log, seq++, line + "\n");
  const std::string good = R"({"id":"33333333-3333-4333-8333-333333333333","kind":"session","time":")" +
                           format_rfc3339(SystemClock().now()) + R"(","agent":"a","data":{"event":"start"}})";
  put(*log, seq++, good + "\n");
  EXPECT_TRUE(test::wait_for([&] {
    return stack_.value(
               "SELECT count(*) FROM plumbline.traces WHERE id = '33333333-3333-4333-8333-333333333333'") ==
           "1";
  })) << stack_.logs();
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.dead_letters"),
            std::to_string(poison_lines().size()));
  EXPECT_EQ(stack_.value(
                "SELECT count(*) FROM plumbline.dead_letters WHERE reason NOT IN ('invalid_json', 'schema')"),
            "0");
  EXPECT_THAT(stack_.plumbline("dead ls"), HasSubstr("invalid_json"));
  stack_.persist().terminate();
  stack_.persist().start();
  EXPECT_TRUE(test::wait_for([&] { return accepts(stack_, tenant_); }));
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.dead_letters"),
            std::to_string(poison_lines().size()));
}

TEST_P(Topics, TheLogCommandListsAndTailsWithoutPayloads) {
  EXPECT_THAT(stack_.plumbline("log ls"), HasSubstr("traces.v1"));
  const std::string tail = stack_.plumbline("log tail traces.v1 --last 1");
  EXPECT_THAT(tail, HasSubstr(tenant_.id));
  EXPECT_THAT(tail, testing::Not(HasSubstr("idempotency_key")));
  EXPECT_THAT(stack_.plumbline("log tail traces.v1 --last 1 --payload"), HasSubstr("idempotency_key"));
}

TEST_P(Topics, TheStockWebhooksClientIsAcceptedAndItsForgeriesAreNot) {
  const std::string command =
      std::string(PLUMBLINE_SOURCE_DIR) + "/.cache/venv/bin/python " + PLUMBLINE_SOURCE_DIR +
      "/tests/integration/pipeline/stock_client.py http://127.0.0.1:" + std::to_string(stack_.edge_port()) +
      " " + tenant_.signer.key_id + " " + std::string(tenant_.signer.secret.reveal()) + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  std::array<char, 4096> buffer{};
  for (std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe); n > 0;
       n = fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.append(buffer.data(), n);
  }
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 0) << output;
}

INSTANTIATE_TEST_SUITE_P(Logs, Topics, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& each) { return to_string(each.param); });

TEST(LogCopy, MovesTheHistoryFromTheEmbeddedLogToKafkaAndCanBeRunAgain) {
  Stack stack(Backend::kEmbedded);
  KafkaBroker broker;
  std::ofstream config(stack.config_path(), std::ios::app);
  config << "[kafka]\nbrokers = \"" << broker.bootstrap() << "\"\n";
  config.close();
  stack.start_roles();
  const Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  stack.persist().terminate();
  stack.edge().terminate();
  stack.plumbline("log copy --to kafka");
  stack.plumbline("log copy --to kafka");  // nothing twice

  const auto loaded = require(config::load({.file = stack.config_path()}));
  auto kafka_config = loaded.config;
  kafka_config.log = "kafka";
  const auto from = require(log::open_log(loaded.config, log::Access::kAuto));
  const auto to = require(log::open_log(kafka_config, log::Access::kClient));
  for (const auto topic : {frame::kTracesTopic, frame::kKeysTopic}) {
    const auto info = require(from->topic(topic));
    std::int64_t there = 0, here = 0;
    for (std::int32_t p = 0; p < info.partitions; ++p) {
      const auto a = require(from->watermarks({std::string(topic), p})),
                 b = require(to->watermarks({std::string(topic), p}));
      here += a.high - a.low;
      there += b.high - b.low;
    }
    EXPECT_GT(here, 0);
    EXPECT_EQ(there, here) << topic;
  }
}

}  // namespace
}  // namespace plumbline::tests
