// Real import-linter, and the SARIF of real ruff, bandit and zizmor, on a git working tree, their reports
// pushed by `plumb push`: a layer violation opens a drift, its repair resolves it, and findings arrive with
// their rules and severities.
#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

class Linters : public testing::Test {
 protected:
  Linters() : stack_(Backend::kEmbedded) {
    stack_.start_roles();
    stack_.add_role("drift");
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return accepts(stack_, tenant_); })) << stack_.logs();
  }

  // Lints and pushes; the commit that it did so at.
  std::string lint(const std::string& state) {
    const std::filesystem::path output = folder_.path() / (state + std::to_string(++runs_) + ".log");
    test::Process process(
        {.command = {PLUMBLINE_PYTHON, PLUMBLINE_SOURCE_DIR "/tests/integration/linters/run_linters.py",
                     PLUMBLINE_BINARY_DIR "/bin/plumb", folder_.path().string(), state},
         .environment = {{"HOME", folder_.path().string()},
                         {"PLUMBLINE_ENDPOINT", "http://127.0.0.1:" + std::to_string(stack_.edge_port())},
                         {"PLUMBLINE_KEY_ID", tenant_.signer.key_id},
                         {"PLUMBLINE_SECRET", std::string(tenant_.signer.secret.reveal())},
                         // A job of a CI says these of the working tree; this one is its own.
                         {"GITHUB_ACTIONS", ""},
                         {"GITLAB_CI", ""},
                         {"BUILDKITE", ""}},
         .output = output});
    process.start();
    EXPECT_TRUE(test::wait_for([&] { return !process.running(); }, std::chrono::seconds(300)));
    std::string said = process.output_tail();
    EXPECT_EQ(said.find("exit code"), std::string::npos) << said;
    while (said.ends_with('\n')) said.pop_back();
    return said.substr(said.find_last_of('\n') + 1);
  }
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& expected) {
    std::string seen;
    if (test::wait_for([&] { return (seen = stack_.value(sql)) == expected; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << " gives " << seen << " instead of " << expected << "\n"
                                         << stack_.logs();
  }

  test::TempFolder folder_{"linters"};
  Stack stack_;
  Tenant tenant_;
  int runs_ = 0;
};

TEST_F(Linters, ARealLayerViolationOpensADriftAndItsRepairResolvesIt) {
  const std::string drifts =
      "SELECT string_agg(concat_ws(' ', repo, branch, state, violations_total, violations->0->>'title'), '; "
      "') "
      "FROM plumbline.drifts";
  const std::string reports = "SELECT count(*) FROM plumbline.reports WHERE ";
  (void)lint("clean");
  EXPECT_TRUE(becomes(reports + "agent = 'import-linter' AND status = 'PASS'", "1"));
  EXPECT_TRUE(becomes("SELECT count(*) FROM plumbline.drift_history", "4"));
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.drifts"), "0");

  const std::string commit = lint("broken");
  EXPECT_TRUE(becomes(drifts, "acme/shop main open 1 shop.store is not allowed to import shop.api"));
  EXPECT_EQ(stack_.value("SELECT opened_commit FROM plumbline.drifts"), commit);
  EXPECT_TRUE(becomes(reports + "lower(agent) = 'bandit' AND commit = '" + commit + "'", "1"));
  const auto payload = [&](const std::string& agent) {
    return stack_.value("SELECT payload FROM plumbline.reports WHERE lower(agent) = '" + agent +
                        "' AND commit = '" + commit + "'");
  };
  EXPECT_TRUE(becomes(reports + "lower(agent) = 'ruff' AND commit = '" + commit + "'", "1"));
  EXPECT_TRUE(becomes(reports + "lower(agent) = 'zizmor' AND commit = '" + commit + "'", "1"));
  EXPECT_NE(payload("zizmor").find("zizmor/template-injection"), std::string::npos) << payload("zizmor");
  EXPECT_EQ(stack_.value("SELECT string_agg(status, ' ' ORDER BY received_at) FROM plumbline.reports WHERE "
                         "lower(agent) = 'zizmor'"),
            "PASS FAIL");
  EXPECT_NE(payload("bandit").find("B602"), std::string::npos) << payload("bandit");
  EXPECT_NE(payload("ruff").find("F401"), std::string::npos) << payload("ruff");
  EXPECT_NE(payload("import-linter").find("shop.store is not allowed to import shop.api"), std::string::npos)
      << payload("import-linter");

  (void)lint("clean");
  EXPECT_TRUE(becomes(drifts, "acme/shop main resolved 1 shop.store is not allowed to import shop.api"));
  EXPECT_TRUE(becomes("SELECT bool_and(balanced) FROM plumbline.ledger_balance", "t"));
}

}  // namespace
}  // namespace plumbline::tests
