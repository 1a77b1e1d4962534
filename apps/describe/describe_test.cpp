// The tree that is read, and what is made of it; real shells and groff run over it in
// tests/integration/push/pages_test.py.
#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/describe/completion.h"
#include "apps/describe/man.h"

namespace plumbline::describe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Describe : public testing::Test {
 protected:
  Describe() {
    root.set_version_flag("--version", "1");
    root.add_option("--config", text, "A file")->group("Options");
    root.add_option("--secret.option", text, "Listed elsewhere")->group("");
    CLI::App* group = root.add_subcommand("auth", "Sign in; it's `quick`");
    CLI::App* login = group->add_subcommand("login", "Get a key");
    login->add_option("--kind,-k", text, "Which")->check(CLI::IsMember({"one", "two"}));
    login->add_flag("!--no-browser", flag, "Print only");
    login->add_option("paths", texts, "Files")->required();
    root.add_subcommand("hidden", "Nobody sees it")->group("");
    root.add_subcommand("run", "With the root's options too")->fallthrough();
  }
  CLI::App root{"A tool", "tool"};
  std::string text;
  std::vector<std::string> texts;
  bool flag = false;
};

TEST_F(Describe, TheTreeHoldsWhatTheParserTakesAndShows) {
  const Command tree = tree_of(root);
  ASSERT_EQ(tree.commands.size(), 2U);
  EXPECT_EQ(tree.commands[0].path, "tool auth");
  const Command& login = tree.commands[0].commands.at(0);
  EXPECT_EQ(login.path, "tool auth login");
  ASSERT_EQ(login.options.size(), 4U);  // with --help
  EXPECT_THAT(login.options[1].names, ElementsAre("-k", "--kind"));
  EXPECT_THAT(login.options[1].choices, ElementsAre("one", "two"));
  EXPECT_TRUE(login.options[2].flag);
  EXPECT_THAT(login.options[2].names, ElementsAre("--no-browser"));
  EXPECT_TRUE(login.options[3].positional && login.options[3].many && login.options[3].required);
  bool falls = false;
  for (const Option& option : tree.commands[1].options) falls = falls || option.names.back() == "--config";
  EXPECT_TRUE(falls);
}

TEST_F(Describe, NothingHiddenIsCompleted) {
  const Command tree = tree_of(root);
  for (const std::string& script : {bash_completion(tree), zsh_completion(tree), fish_completion(tree)}) {
    EXPECT_THAT(script, Not(HasSubstr("hidden")));
    EXPECT_THAT(script, Not(HasSubstr("secret.option")));
    EXPECT_THAT(script, HasSubstr("one two"));
  }
}

TEST_F(Describe, APageForTheRootAndEachOfItsCommands) {
  const auto pages =
      man_pages(tree_of(root), "tool 1", {{"EXIT STATUS", {{"0", "Well. It's so: a-b \\ c"}}}});
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_EQ(pages[1].file, "tool-auth.1");
  EXPECT_THAT(pages[1].text, HasSubstr(".TH TOOL\\-AUTH 1 \"\" \"tool 1\" \"Plumbline\"\n"));
  EXPECT_THAT(pages[1].text, HasSubstr("tool\\-auth \\- Sign in; it\\(aqs \\fBquick\\fR\n"));
  EXPECT_THAT(pages[1].text, HasSubstr(".SS tool auth login\n"));
  EXPECT_THAT(pages[1].text, HasSubstr("\\fB\\-k\\fR, \\fB\\-\\-kind\\fR \\fIone|two\\fR\n"));
  EXPECT_THAT(pages[1].text, HasSubstr("a\\-b \\e c\n"));
  EXPECT_THAT(pages[1].text, HasSubstr(".SH SEE ALSO\n.BR tool (1),\n.BR tool\\-run (1)\n"));
}

}  // namespace
}  // namespace plumbline::describe
