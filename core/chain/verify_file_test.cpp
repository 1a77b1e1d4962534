#include "core/chain/verify_file.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace plumbline::chain {
namespace {

std::vector<std::string> lines_of_a_real_file() {
  std::ifstream in(PLUMBLINE_SOURCE_DIR "/tests/data/real/agent-1.jsonl");
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::pair<std::int64_t, Finding>> findings(const FileReport& report) {
  std::vector<std::pair<std::int64_t, Finding>> found;
  for (const Problem& problem : report.problems) found.emplace_back(problem.line, problem.finding);
  return found;
}

using Found = std::vector<std::pair<std::int64_t, Finding>>;

class VerifyFile : public testing::Test {
 protected:
  std::vector<std::string> lines = lines_of_a_real_file();
};

TEST_F(VerifyFile, RealFileIsWhole) {
  ASSERT_EQ(lines.size(), 103u);
  const FileReport report = verify_text(joined(lines));
  EXPECT_TRUE(report.whole());
  EXPECT_EQ(report.entries, 103);
  EXPECT_EQ(report.incomplete, 0);
  EXPECT_EQ(report.last_hash.size(), 64u);
}

TEST_F(VerifyFile, AChangedValueIsABreakWhereItIs) {
  lines[4].replace(lines[4].find("\"confidence\": \""), 16, "\"confidence\": \"x");
  EXPECT_EQ(findings(verify_text(joined(lines))), (Found{{5, Finding::kContentChanged}}));
}

TEST_F(VerifyFile, ARemovedEntryIsAGap) {
  lines.erase(lines.begin() + 10);
  EXPECT_EQ(findings(verify_text(joined(lines))), (Found{{11, Finding::kGap}}));
}

TEST_F(VerifyFile, ARemovedFirstEntryIsAMissingHead) {
  lines.erase(lines.begin());
  EXPECT_EQ(findings(verify_text(joined(lines))), (Found{{1, Finding::kHeadMissing}}));
}

TEST_F(VerifyFile, TwoSwappedEntriesAreGaps) {
  std::swap(lines[3], lines[4]);
  EXPECT_EQ(findings(verify_text(joined(lines))),
            (Found{{4, Finding::kGap}, {5, Finding::kGap}, {6, Finding::kGap}}));
}

TEST_F(VerifyFile, AChainThatStartsAnewInTheMiddleIsSaid) {
  std::vector<std::string> twice = lines;
  twice.insert(twice.end(), lines.begin(), lines.end());
  EXPECT_EQ(findings(verify_text(joined(twice))), (Found{{104, Finding::kRestart}}));
}

TEST_F(VerifyFile, ARenamedHashInTheLastLineIsAnError) {
  lines.back().replace(lines.back().find("\"hash\""), 6, "\"hasg\"");
  EXPECT_EQ(findings(verify_text(joined(lines))), (Found{{103, Finding::kUnlinked}}));
}

TEST_F(VerifyFile, OldEntriesWithoutHashesMayComeFirst) {
  const std::string legacy = "{\"action_type\":\"deny\"}\n";
  const FileReport report = verify_text(legacy + "\n" + legacy + joined(lines));
  EXPECT_TRUE(report.whole());
  EXPECT_EQ(report.legacy, 2);
  EXPECT_EQ(findings(verify_text(joined(lines) + legacy)), (Found{{104, Finding::kUnlinked}}));
}

TEST_F(VerifyFile, TailLossShowsAgainstAnEarlierPush) {
  const FileReport before = verify_text(joined(lines));
  const Recorded recorded{before.first_hash, before.entries, before.last_hash};
  EXPECT_TRUE(verify_text(joined(lines), recorded).whole());
  lines.pop_back();
  EXPECT_TRUE(verify_text(joined(lines)).whole());
  EXPECT_EQ(findings(verify_text(joined(lines), recorded)), (Found{{0, Finding::kTailMissing}}));
}

TEST_F(VerifyFile, AnotherChainUnderTheSameNameIsNotCompared) {
  const FileReport report = verify_text(joined(lines), Recorded{"another first hash", 500, "x"});
  EXPECT_TRUE(report.whole());
  EXPECT_FALSE(report.compared);
}

TEST_F(VerifyFile, ARewrittenChainShowsAgainstAnEarlierPush) {
  const FileReport whole = verify_text(joined(lines));
  EXPECT_EQ(findings(verify_text(joined(lines), Recorded{whole.first_hash, 100, "another"})),
            (Found{{100, Finding::kRewritten}}));
}

TEST_F(VerifyFile, WhiteSpaceBetweenTokensAndLinesIsTolerated) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\t\r\n\r\n";
  EXPECT_TRUE(verify_text(text).whole());
}

TEST(VerifyText, AnEmptyFileIsWhole) {
  EXPECT_TRUE(verify_text("").whole());
  EXPECT_TRUE(verify_text("\n\n").whole());
}

TEST(VerifyText, EveryKindOfLineEndIsOne) {
  std::string_view rest = "a\nb\rc\r\n\nd";
  std::vector<std::string> lines;
  while (!rest.empty()) lines.emplace_back(next_line(rest));
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "c", "", "d"}));
}

}  // namespace
}  // namespace plumbline::chain
