// The whole way with real parts: a trace that rotates while the edge is away and the agent is killed again
// and again, then PostgreSQL has every entry once and every chain whole.
#include <fstream>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/data/real/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class AgentOnStack : public testing::Test {
 protected:
  AgentOnStack() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
    fs::create_directories(folder_.path() / "in");
    std::ofstream(folder_.path() / "secret") << tenant_.signer.secret.reveal();
    fs::permissions(folder_.path() / "secret", fs::perms::owner_read);
    std::ofstream(folder_.path() / "agent.toml")
        << "state_folder = \"state\"\ntail_interval = \"20ms\"\n[edge]\nendpoint = \"http://127.0.0.1:"
        << stack_.edge_port() << "\"\nkey_id = \"" << tenant_.signer.key_id
        << "\"\nsecret_file = \"secret\"\n[send]\nbackoff_longest = \"500ms\"\n[[tail]]\npath = "
           "\"in/trace.jsonl\"\n"
           "agent = \"laptop\"\n[listen]\nhttp = \"127.0.0.1:"
        << otlp_port_ << "\"\n";
    agent_ = std::make_unique<test::Process>(
        test::ProcessOptions{.command = {std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumb", "agent", "run",
                                         "--config", (folder_.path() / "agent.toml").string()},
                             .environment = {{"HOME", folder_.path().string()}},
                             .output = folder_.path() / "agent.log"});
  }

  fs::path trace(int archive = 0) const {
    return folder_.path() / "in" / ("trace.jsonl" + (archive == 0 ? "" : "." + std::to_string(archive)));
  }
  void write(const std::string& text) const {
    std::ofstream(trace(), std::ios::app | std::ios::binary) << text;
  }
  void rotate() const {
    if (fs::exists(trace(1))) fs::rename(trace(1), trace(2));
    fs::rename(trace(), trace(1));
  }
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& expected) {
    std::string seen;
    if (test::wait_for([&] { return (seen = stack_.value(sql)) == expected; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << " gives " << seen << " instead of " << expected << "\n"
                                         << agent_->output_tail() << "\n"
                                         << stack_.logs();
  }

  const int otlp_port_ = test::free_port();
  test::TempFolder folder_{"agent"};
  Stack stack_;
  Tenant tenant_;
  std::unique_ptr<test::Process> agent_;
};

TEST_F(AgentOnStack, EveryEntryArrivesOnceAcrossRotationsKillsAndAnEdgeThatIsAway) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  ASSERT_NE(stack_.edge().terminate(), -1);
  agent_->start();
  std::size_t entries = 0;
  for (const std::string name : {"agent-0.jsonl", "agent-1.jsonl", "agent-2.jsonl"}) {
    if (fs::exists(trace())) rotate();
    for (const std::string& line : lines_of(name)) {
      ++entries;
      // Half a line first, now and then: the writer was between two writes, or the agent was killed there.
      const std::size_t half = random() % 8 == 0 ? line.size() / 2 : 0;
      write(line.substr(0, half));
      if (random() % 12 == 0) {
        agent_->kill9();
        agent_->start();
      }
      write(line.substr(half) + "\n");
    }
    // In the middle of the last file the edge comes back.
    if (name == "agent-1.jsonl") stack_.edge().start();
  }
  EXPECT_EQ(entries, 371U);
  const std::string count =
      "SELECT count(*) FROM plumbline.traces WHERE kind = 'decision' AND agent = 'laptop'";
  EXPECT_TRUE(becomes(count, "371"));
  EXPECT_TRUE(becomes(
      "SELECT string_agg(DISTINCT verdict, ',') FROM plumbline.chain_verdicts WHERE agent = 'laptop'", "ok"));
  EXPECT_TRUE(becomes("SELECT bool_and(balanced) FROM plumbline.ledger_balance", "t"));
  EXPECT_EQ(stack_.value("SELECT coalesce(sum(conflict), 0) FROM plumbline.ledger_balance"), "0");
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.traces WHERE agent = 'laptop' AND payload ~ "
                         "'action_value|explanation'"),
            "0");
  const auto [code, said] =
      stack_.plumb(tenant_, "doctor --config " + (folder_.path() / "agent.toml").string());
  EXPECT_EQ(code, 0) << said;
  EXPECT_EQ(agent_->terminate(), 0) << agent_->output_tail();
  EXPECT_EQ(stack_.value(count), "371");
}

// The stock Python SDK and exporters; only the endpoint is ours.
TEST_F(AgentOnStack, SpansAndLogsOfAStockOpenTelemetrySdkArriveWithTheirColumns) {
  agent_->start();
  ASSERT_TRUE(test::wait_for([this] { return http_get(otlp_port_, "/ingest") == 405; }))
      << agent_->output_tail();
  test::Process client(
      {.command = {PLUMBLINE_PYTHON, PLUMBLINE_SOURCE_DIR "/tests/integration/agent/otel_client.py",
                   "http://127.0.0.1:" + std::to_string(otlp_port_), "40"},
       .environment = {{"NO_PROXY", "*"}},
       .output = folder_.path() / "otel.log"});
  client.start();
  const std::string spans = "SELECT count(*) FROM plumbline.spans WHERE agent = 'support-bot' AND ";
  EXPECT_TRUE(becomes(spans + "signal = 'span'", "80")) << client.output_tail();
  EXPECT_TRUE(becomes(spans + "signal = 'log'", "40")) << client.output_tail();
  EXPECT_EQ(stack_.value(
                spans +
                "operation = 'chat' AND provider = 'openai' AND request_model = 'gpt-5' AND response_model = "
                "'gpt-5-2026' AND span_kind = 'client' AND session LIKE 'conv-_' AND version = '1.4.0' AND "
                "parent_span_id IS NOT NULL AND duration_us >= 0 AND scope = 'example.instrumentation'"),
            "40");
  EXPECT_EQ(stack_.value("SELECT sum(input_tokens) || ' ' || sum(output_tokens) FROM plumbline.spans WHERE "
                         "operation = 'chat'"),
            std::to_string(40 * 100 + 39 * 20) + " 280");
  EXPECT_EQ(stack_.value(spans + "status = 'error' AND error_type = 'timeout'"), "1");
  EXPECT_EQ(
      stack_.value(spans + "name = 'api_request' AND session = 'log-session' AND request_model = 'gpt-5'"),
      "40");
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.traces WHERE payload LIKE '%planted-secret%'"), "0");
  EXPECT_TRUE(becomes("SELECT bool_and(balanced) FROM plumbline.ledger_balance", "t"));
}

}  // namespace
}  // namespace plumbline::tests
