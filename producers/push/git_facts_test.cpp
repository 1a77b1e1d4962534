#include "producers/push/git_facts.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "tests/support/process/process.h"

namespace plumbline::push {
namespace {

const std::string kCommit(40, 'a'), kOther(40, 'b');

struct Tree {
  test::TempFolder folder{"git-facts"};
  std::map<std::string, std::string> variables;

  void write(const std::string& name, const std::string& text) const {
    const auto path = folder.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  GitFacts facts(const std::string& below = "") const {
    return git_facts(folder.path() / below, [this](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  }
};

TEST(GitFacts, ABranchWithALooseRefARemoteAndAnAuthor) {
  Tree tree;
  tree.write("work/.git/HEAD", "ref: refs/heads/feature/x\n");
  tree.write("work/.git/refs/heads/feature/x", kCommit + "\n");
  tree.write("work/.git/config",
             "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@host.example:acme/app.git\n");
  tree.write("work/.git/logs/HEAD", kOther + " " + kOther + " Clone Bot <c@x> 1 +0000\tclone: from\n" +
                                        kOther + " " + kCommit +
                                        " Ada Byron <ada@x> 1 +0000\tcommit: subject\n");
  tree.write("work/deep/er/file", "");
  const GitFacts facts = tree.facts("work/deep/er");
  EXPECT_EQ(facts.repo, "acme/app");
  EXPECT_EQ(facts.branch, "feature/x");
  EXPECT_EQ(facts.commit, kCommit);
  EXPECT_EQ(facts.author, "Ada Byron");
}

TEST(GitFacts, PackedRefsDetachedHeadsAndLinkedTrees) {
  Tree tree;
  tree.write("main/.git/HEAD", "ref: refs/heads/main\n");
  tree.write("main/.git/packed-refs", "# pack-refs with: peeled\n" + kCommit + " refs/heads/main\n");
  EXPECT_EQ(tree.facts("main").commit, kCommit);
  EXPECT_EQ(tree.facts("main").repo, "main") << "no remote: the folder's name";
  tree.write("main/.git/worktrees/w/HEAD", kOther + "\n");
  tree.write("main/.git/worktrees/w/commondir", "../..\n");
  tree.write("linked/.git", "gitdir: ../main/.git/worktrees/w\n");
  EXPECT_EQ(tree.facts("linked").commit, kOther);
  EXPECT_EQ(tree.facts("linked").branch, "");
}

TEST(GitFacts, WhatTheJobSaysGoesFirst) {
  Tree tree;
  tree.write("w/.git/HEAD", kCommit + "\n");
  tree.variables = {{"GITHUB_REPOSITORY", "acme/app"},
                    {"GITHUB_SHA", kOther},
                    {"GITHUB_REF_NAME", "12/merge"},
                    {"GITHUB_HEAD_REF", "topic"}};
  EXPECT_EQ(tree.facts("w").repo, "acme/app");
  EXPECT_EQ(tree.facts("w").branch, "topic");
  EXPECT_EQ(tree.facts("w").commit, kOther);
}

TEST(GitFacts, NothingLeadsOutOfTheFolderAndNothingFails) {
  Tree tree;
  tree.write("secret", kCommit);
  tree.write("w/.git/HEAD", "ref: refs/../../../secret\n");
  EXPECT_EQ(tree.facts("w").commit, "");
  EXPECT_EQ(tree.facts("nowhere").repo, "");
}

TEST(GitFacts, NamesOfRemotes) {
  EXPECT_EQ(repository_name("https://host.example/acme/app.git"), "acme/app");
  EXPECT_EQ(repository_name("https://user:token@host.example/group/sub/app/"), "group/sub/app");
  EXPECT_EQ(repository_name("ssh://git@host.example:22/acme/app"), "acme/app");
  EXPECT_EQ(repository_name("git@host.example:acme/app.git"), "acme/app");
  EXPECT_EQ(repository_name("/srv/git/app.git"), "app");
  EXPECT_EQ(repository_name(""), "");
}

}  // namespace
}  // namespace plumbline::push
