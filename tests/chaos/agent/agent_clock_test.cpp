// The machine's clock is hours off: the agent signs by the edge's, says so, and loses nothing; so does push.
#include <fstream>

#include <gtest/gtest.h>

#include "core/time.h"
#include "tests/support/agent_box.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;

class AgentClock : public testing::TestWithParam<int> {
 protected:
  AgentClock() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
  }
  [[nodiscard]] std::map<std::string, std::string> wrong_clock() const {
    return {{"LD_PRELOAD", fault_io()}, {"FAULT_IO_CLOCK_S", std::to_string(GetParam() * 3600)}};
  }
  Stack stack_;
  Tenant tenant_;
};

TEST_P(AgentClock, HoursOffItSignsByTheEdgesClockAndSaysSo) {
  AgentBox box("clock", tenant_, stack_.edge_port());
  box.start(wrong_clock());
  ASSERT_TRUE(box.listens()) << box.process().output_tail();
  std::set<std::uint64_t> wanted;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    ASSERT_EQ(box.post_span(number).status, 202);
    wanted.insert(number);
  }
  EXPECT_TRUE(test::wait_for([&] { return not_stored_once(stack_, wanted).empty(); }))
      << box.plumb("agent status").second << stack_.logs();
  // To the second it depends on when each looked.
  EXPECT_TRUE(test::wait_for([&] {
    return std::abs(box.number({"send", "clock_ahead_s"}) - GetParam() * 3600) <= 5;
  })) << box.number({"send", "clock_ahead_s"});
  const std::string status = box.plumb("agent status").second;
  EXPECT_NE(status.find("this machine's clock is"), std::string::npos) << status;
  EXPECT_NE(status.find(GetParam() < 0 ? "behind the edge's" : "ahead of the edge's"), std::string::npos);
  EXPECT_EQ(box.number({"send", "attempts"}), 0);

  // What the machine itself gave a time: in the past it arrives; from the future it waits, on disk.
  const std::string otlp =
      R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"api_request","attributes":[]}]}]}]})";
  ASSERT_EQ(box.post("/v1/logs", "application/json", otlp).status, 200);
  if (GetParam() < 0) {
    EXPECT_TRUE(test::wait_for([&] {
      return stack_.value("SELECT count(*) FROM plumbline.spans WHERE name = 'api_request'") == "1";
    }));
  } else {
    EXPECT_TRUE(test::wait_for([&] {
      return box.number({"send", "deferred"}) == 1;
    })) << box.plumb("agent status").second;
    EXPECT_EQ(box.number({"rejected"}), 0);
  }
  box.process().kill9();

  // The clock is set: signatures are its own again, and nothing is sent twice.
  box.start();
  ASSERT_TRUE(box.listens());
  ASSERT_EQ(box.post_span(21).status, 202);
  wanted.insert(21);
  EXPECT_TRUE(test::wait_for([&] { return not_stored_once(stack_, wanted).empty(); }));
  EXPECT_TRUE(test::wait_for([&] { return box.number({"send", "clock_ahead_s"}) == 0; }));
  EXPECT_EQ(box.number({"send", "deferred"}), GetParam() < 0 ? 0 : 1);
  EXPECT_EQ(box.process().terminate(), 0);
}

TEST_P(AgentClock, PushAndDoctorNameTheClock) {
  AgentBox box("clock", tenant_, stack_.edge_port());
  std::ofstream(box.folder() / "one.ndjson") << span_line(30) << "\n";
  const std::string shim =
      "env LD_PRELOAD=" + fault_io() + " FAULT_IO_CLOCK_S=" + std::to_string(GetParam() * 3600) + " ";
  const auto run = [&](const std::string& command) {
    test::Process process(
        {.command = {"sh", "-c", shim + PLUMBLINE_BINARY_DIR "/bin/plumb " + command},
         .environment = {{"HOME", box.folder().string()},
                         {"PLUMBLINE_ENDPOINT", "http://127.0.0.1:" + std::to_string(stack_.edge_port())},
                         {"PLUMBLINE_KEY_ID", tenant_.signer.key_id},
                         {"PLUMBLINE_SECRET", std::string(tenant_.signer.secret.reveal())}},
         .output = box.folder() / "out.log"});
    fs::remove(box.folder() / "out.log");
    process.start();
    (void)test::wait_for([&] { return !process.running(); });
    return process.output_tail();
  };
  const std::string pushed = run("push --no-git " + (box.folder() / "one.ndjson").string());
  EXPECT_NE(pushed.find("this machine's clock is"), std::string::npos) << pushed;
  EXPECT_NE(pushed.find("1 accepted"), std::string::npos) << pushed;
  const std::string said = run("doctor");
  EXPECT_NE(said.find("FAIL"), std::string::npos) << said;
  EXPECT_NE(said.find("set this machine's clock"), std::string::npos) << said;
  EXPECT_TRUE(test::wait_for([&] { return not_stored_once(stack_, {30}).empty(); }));
}

INSTANTIATE_TEST_SUITE_P(Hours, AgentClock, testing::Values(5, -7),
                         [](const auto& hours) { return hours.param < 0 ? "Behind" : "Ahead"; });

}  // namespace
}  // namespace plumbline::tests
