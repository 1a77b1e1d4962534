// Contract matrix: what several releases of the real clients write goes by `plumb push` through the current
// edge to rows. atlasbridge of PyPI in .cache/python (and the newest pinned one in .cache/venv),
// @rigour-labs/core of npm in .cache/node.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;
constexpr auto kClients = PLUMBLINE_SOURCE_DIR "/tests/contract/clients/";
constexpr auto kCache = PLUMBLINE_SOURCE_DIR "/.cache/";

class Releases : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    stack_ = std::make_unique<Stack>(Backend::kEmbedded);
    stack_->start_roles();
    tenant_ = stack_->create_tenant("acme");
    EXPECT_TRUE(test::wait_for([] { return accepts(*stack_, tenant_); })) << stack_->logs();
  }
  static void TearDownTestSuite() { stack_.reset(); }

  // Runs a client to its end; what it said.
  std::string run(std::vector<std::string> command, std::map<std::string, std::string> environment = {}) {
    test::Process client({.command = std::move(command),
                          .environment = std::move(environment),
                          .output = folder_.path() / "client.log"});
    client.start();
    EXPECT_TRUE(test::wait_for([&] { return !client.running(); }, std::chrono::seconds(120)));
    return client.output_tail();
  }
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& expected) {
    std::string seen;
    if (test::wait_for([&] { return (seen = stack_->value(sql)) == expected; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << " gives " << seen << " instead of " << expected << "\n"
                                         << stack_->logs();
  }
  void push(const std::string& words) {
    const auto [code, said] = stack_->plumb(tenant_, "push " + words);
    EXPECT_EQ(code, 0) << words << "\n" << said;
  }

  inline static std::unique_ptr<Stack> stack_;
  inline static Tenant tenant_;
  test::TempFolder folder_{"releases"};
};

class AtlasBridgeRelease : public Releases, public testing::WithParamInterface<const char*> {};

TEST_P(AtlasBridgeRelease, ItsTraceArrivesWholeAndWithoutContent) {
  const std::string release = GetParam(), agent = "atlasbridge-" + release;
  const std::string trace = (folder_.path() / "trace.jsonl").string();
  std::map<std::string, std::string> environment = {{"HOME", folder_.path().string()}};
  // Without a folder of its own it is the one that tests/requirements.txt pins.
  if (fs::exists(kCache + ("python/" + agent))) environment["PYTHONPATH"] = kCache + ("python/" + agent);
  const std::string said =
      run({PLUMBLINE_PYTHON, std::string(kClients) + "make_trace.py", trace, "60"}, environment);
  ASSERT_TRUE(fs::exists(trace)) << said;
  push(trace + " --agent " + agent);
  push(trace + " --agent " + agent);
  const std::string rows =
      "SELECT count(*) FROM plumbline.traces WHERE kind = 'decision' AND agent = '" + agent + "'";
  EXPECT_TRUE(becomes(rows, "60"));
  EXPECT_EQ(stack_->value(rows + " AND payload LIKE '%planted-content%'"), "0");
  EXPECT_EQ(stack_->value("SELECT count(*) FROM plumbline.decisions WHERE agent = '" + agent +
                          "' AND action_type IN ('auto_reply', 'require_human') AND confidence = 'high'"),
            "60");
  // Releases before 1.0 wrote no chain: nothing to verify, and nothing broken.
  if (!release.starts_with("0.")) {
    EXPECT_TRUE(
        becomes("SELECT string_agg(DISTINCT verdict, ',') FROM plumbline.chain_verdicts WHERE agent = '" +
                    agent + "'",
                "ok"));
  }
}
INSTANTIATE_TEST_SUITE_P(Matrix, AtlasBridgeRelease, testing::Values("0.8.6", "1.0.0", "1.5.0", "1.10.0"),
                         [](const auto& made) {
                           std::string name = std::string("v") + made.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

class RigourRelease : public Releases, public testing::WithParamInterface<const char*> {};

// Over the published code of OpenTelemetry's SDK, with a rule that it breaks.
TEST_P(RigourRelease, ItsReportOfRealCodeArrivesWithItsLayerViolation) {
  const std::string release = GetParam(), agent = "rigour-" + release;
  const fs::path code = folder_.path() / "code", report = folder_.path() / "report.json";
  fs::copy(kCache + std::string("node/otlp/node_modules/@opentelemetry/sdk-trace-base/build/esm"), code,
           fs::copy_options::recursive);
  const std::string said = run({"node", std::string(kClients) + "make_report.mjs", kCache + ("node/" + agent),
                                code.string(), report.string()},
                               {{"HOME", folder_.path().string()}});
  ASSERT_TRUE(fs::exists(report)) << said;
  push(report.string() + " --repo otel/" + release + " --branch main --commit abc123 --agent " + agent);
  const std::string rows =
      "FROM plumbline.reports WHERE agent = '" + agent + "' AND repo = 'otel/" + release + "'";
  EXPECT_TRUE(becomes("SELECT count(*) " + rows + " AND status = 'FAIL'", "1"));
  EXPECT_EQ(stack_->value("SELECT count(*) " + rows + " AND payload LIKE '%ARCH_BOUNDARY%'"), "1") << said;
  EXPECT_TRUE(becomes("SELECT bool_and(balanced) FROM plumbline.ledger_balance", "t"));
}
INSTANTIATE_TEST_SUITE_P(Matrix, RigourRelease, testing::Values("2.22.0", "3.0.6", "4.3.6", "5.5.4"),
                         [](const auto& made) {
                           std::string name = std::string("v") + made.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace plumbline::tests
