// The real sample of real clients through the whole pipeline, on both logs.
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

using testing::HasSubstr;

std::string sample(const std::string& name) {
  return std::string(PLUMBLINE_SOURCE_DIR) + "/tests/data/real/" + name;
}

class Sample : public testing::TestWithParam<Backend> {
 protected:
  Sample() : stack_(GetParam()) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    EXPECT_TRUE(test::wait_for([this] { return push("rigour-reports.ndjson", "--agent ci").first == 0; }))
        << stack_.logs();
  }
  std::pair<int, std::string> push(const std::string& file, const std::string& words) {
    return push_path(sample(file), words);
  }
  std::pair<int, std::string> push_path(const std::string& path, const std::string& words) {
    return stack_.plumb(tenant_, "push " + words + " " + path);
  }
  void push_agents() {
    for (const std::string agent : {"agent-0", "agent-1", "agent-2"}) {
      const auto [status, output] = push(agent + ".jsonl", "--agent " + agent);
      EXPECT_EQ(status, 0) << output;
    }
  }
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& expected) {
    std::string seen;
    const bool held = test::wait_for([&] { return (seen = stack_.value(sql)) == expected; });
    if (held) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << " gives " << seen << " instead of " << expected << "\n"
                                         << stack_.logs();
  }

  Stack stack_;
  Tenant tenant_;
};

TEST_P(Sample, ArrivesWholeAndASecondPushAddsNoRow) {
  push_agents();
  EXPECT_TRUE(becomes("SELECT count(*) FROM plumbline.reports", "20"));
  EXPECT_TRUE(becomes("SELECT count(*) FROM plumbline.traces WHERE kind = 'decision'", "371"));
  EXPECT_TRUE(
      becomes("SELECT string_agg(agent || ' ' || verdict, ', ' ORDER BY agent) FROM plumbline.chain_verdicts",
              "agent-0 ok, agent-1 ok, agent-2 ok"));
  EXPECT_TRUE(
      becomes("SELECT count(*) FROM plumbline.traces WHERE payload LIKE '%action_value%' OR payload LIKE "
              "'%explanation%'",
              "0"));
  const std::string before = stack_.value("SELECT sum(duplicate) FROM plumbline.ledger_balance");
  push_agents();
  EXPECT_EQ(push("rigour-reports.ndjson", "--agent ci").first, 0);
  EXPECT_TRUE(becomes("SELECT sum(duplicate) FROM plumbline.ledger_balance",
                      std::to_string(std::stoi("0" + before) + 391)));
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.reports"), "20");
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.traces WHERE kind = 'decision'"), "371");
  EXPECT_TRUE(becomes("SELECT bool_and(balanced) FROM plumbline.ledger_balance", "t"));
}

TEST_P(Sample, AChangedEntryIsAConflictAndARemovedOneAGap) {
  push_agents();
  EXPECT_TRUE(becomes("SELECT count(*) FROM plumbline.traces WHERE kind = 'decision'", "371"));
  std::ifstream original(sample("agent-1.jsonl"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(original, line);) lines.push_back(line);

  const std::string changed = (stack_.folder() / "changed.jsonl").string();
  std::ofstream file(changed);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line = lines[i];
    if (i == 5) line.replace(line.find("\"prompt_type\": \""), 16, "\"prompt_type\": \"x");
    file << line << "\n";
  }
  file.close();
  EXPECT_EQ(push_path(changed, "--agent agent-1").first, 4) << "a broken chain is refused";
  const auto [status, output] = push_path(changed, "--agent agent-1 --allow-broken");
  EXPECT_EQ(status, 4) << output;
  EXPECT_THAT(output, HasSubstr("103 accepted"));
  EXPECT_TRUE(becomes("SELECT sum(conflict) FROM plumbline.ledger_balance", "1"));
  EXPECT_TRUE(becomes("SELECT count(*) FROM plumbline.dead_letters WHERE reason = 'conflict'", "1"));

  const std::string removed = (stack_.folder() / "removed.jsonl").string();
  std::ofstream without(removed);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != 7) without << lines[i] << "\n";
  }
  without.close();
  EXPECT_EQ(push_path(removed, "--agent agent-9 --allow-broken").first, 4);
  EXPECT_TRUE(becomes("SELECT verdict FROM plumbline.chain_verdicts WHERE agent = 'agent-9'", "gap"));
  EXPECT_THAT(stack_.plumb(tenant_, "verify " + removed).second, HasSubstr("gap"));
}

TEST_P(Sample, AChangedValueIsABreakInTheStoreWhereContentWasOptedIn) {
  std::ifstream original(sample("agent-2.jsonl"));
  const std::string changed = (stack_.folder() / "changed.jsonl").string();
  std::ofstream file(changed);
  int n = 0;
  for (std::string line; std::getline(original, line); ++n) {
    if (n == 3) line.replace(line.find("\"confidence\": \""), 15, "\"confidence\": \"z");
    file << line << "\n";
  }
  file.close();
  EXPECT_EQ(push_path(changed, "--agent agent-x --include-content --allow-broken").first, 4);
  EXPECT_TRUE(becomes("SELECT verdict FROM plumbline.chain_verdicts WHERE agent = 'agent-x'", "broken"));
}

INSTANTIATE_TEST_SUITE_P(Logs, Sample, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& each) { return to_string(each.param); });

}  // namespace
}  // namespace plumbline::tests
