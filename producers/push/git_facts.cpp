#include "producers/push/git_facts.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

namespace plumbline::push {
namespace {

namespace fs = std::filesystem;

// HEAD, refs and configuration are short; a log of HEAD is read from its end.
constexpr std::uintmax_t kFileBytesMax = std::uintmax_t{4} << 20;
constexpr std::streamoff kLogTailBytes = 64 << 10;
constexpr int kSymbolicMax = 5;  // refs to refs, as git itself bounds them

std::string read(const fs::path& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed || size > kFileBytesMax) return "";
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return std::move(all).str();
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Folders {
  fs::path tree;    // the working tree
  fs::path git;     // its own: HEAD, logs
  fs::path common;  // shared by all work trees: refs, config
};

// ".git" is a folder, or in a linked work tree or submodule a file "gitdir: PATH".
Folders find(const fs::path& from) {
  std::error_code failed;  // of a look at what may not be there: says nothing
  for (fs::path at = fs::absolute(from, failed); !at.empty(); at = at.parent_path()) {
    fs::path git = at / ".git";
    if (fs::is_regular_file(git, failed)) {
      const std::string text = read(git);
      constexpr std::string_view kKey = "gitdir:";
      if (!text.starts_with(kKey)) return {};
      git = at / fs::path(trimmed(std::string_view(text).substr(kKey.size())));
    }
    if (fs::is_regular_file(git / "HEAD", failed)) {
      const std::string shared = read(git / "commondir");
      return {at, git, shared.empty() ? git : git / fs::path(trimmed(shared))};
    }
    if (!at.has_relative_path()) break;
  }
  return {};
}

std::string packed(const Folders& folders, std::string_view ref) {
  std::istringstream lines(read(folders.common / "packed-refs"));
  for (std::string line; std::getline(lines, line);) {
    const std::string_view all = trimmed(line);
    const std::size_t space = all.find(' ');
    if (space != std::string_view::npos && all.substr(space + 1) == ref)
      return std::string(all.substr(0, space));
  }
  return "";
}

// Names of refs come from a file: none may lead out of the folder.
bool is_ref(std::string_view ref) {
  return ref.starts_with("refs/") && ref.find("..") == std::string_view::npos;
}

void read_head(const Folders& folders, GitFacts& facts) {
  constexpr std::string_view kRef = "ref:", kBranch = "refs/heads/";
  std::string value(trimmed(read(folders.git / "HEAD")));
  for (int hop = 0; hop < kSymbolicMax && value.starts_with(kRef); ++hop) {
    const std::string ref(trimmed(std::string_view(value).substr(kRef.size())));
    if (!is_ref(ref)) return;
    if (hop == 0 && ref.starts_with(kBranch)) facts.branch = ref.substr(kBranch.size());
    value = trimmed(read(folders.git / ref));
    if (value.empty()) value = trimmed(read(folders.common / ref));
    if (value.empty()) value = packed(folders, ref);
  }
  if (is_commit(value)) facts.commit = value;
}

std::string origin_of(const Folders& folders) {
  std::istringstream lines(read(folders.common / "config"));
  bool origin = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string_view all = trimmed(line);
    if (all.starts_with("[")) origin = all.starts_with("[remote \"origin\"]");
    const std::size_t equals = all.find('=');
    if (origin && equals != std::string_view::npos && trimmed(all.substr(0, equals)) == "url")
      return std::string(trimmed(all.substr(equals + 1)));
  }
  return "";
}

// "OLD NEW Name <address> seconds zone\tcommit: subject": only what made the commit names its author here; a
// clone or a checkout names who did that.
std::string author_of(const Folders& folders, std::string_view commit) {
  std::ifstream in(folders.git / "logs" / "HEAD", std::ios::binary | std::ios::ate);
  if (!in || commit.empty()) return "";
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kLogTailBytes));
  std::string author;
  for (std::string line; std::getline(in, line);) {
    const std::string_view all(line);
    const std::size_t tab = all.find('\t'), first = all.find(' ');
    if (tab == std::string_view::npos || first == std::string_view::npos) continue;
    const std::string_view rest = all.substr(first + 1);
    const std::size_t open = rest.find('<');
    if (!rest.starts_with(commit) || open == std::string_view::npos || open <= commit.size()) continue;
    if (all.substr(tab + 1).starts_with("commit"))
      author = trimmed(rest.substr(commit.size(), open - commit.size()));
  }
  return author;
}

// Variables that the CI systems document; the first that is set counts.
std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = environment(name); value && !value->empty()) return *std::move(value);
  }
  return "";
}

}  // namespace

std::string repository_name(std::string_view url) {
  url = trimmed(url);
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    url.remove_prefix(scheme + 3);
    const std::size_t slash = url.find('/');
    url = slash == std::string_view::npos ? std::string_view{} : url.substr(slash + 1);
  } else if (const std::size_t colon = url.find(':'); colon != std::string_view::npos) {
    url.remove_prefix(colon + 1);  // git@host:owner/name
  } else {
    url = url.substr(std::min(url.size(), url.rfind('/') + 1));  // a path: its last part
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.ends_with(".git")) url.remove_suffix(4);
  while (url.starts_with('/')) url.remove_prefix(1);
  return std::string(url);
}

GitFacts git_facts(const fs::path& folder, const Environment& environment) {
  GitFacts facts;
  const Folders folders = find(folder);
  if (!folders.git.empty()) {
    read_head(folders, facts);
    facts.repo = repository_name(origin_of(folders));
    if (facts.repo.empty()) facts.repo = folders.tree.filename().string();
    facts.author = author_of(folders, facts.commit);
  }
  // GitHub Actions, GitLab CI, Buildkite. A pull request's own branch goes before the merge ref that was
  // checked out.
  const auto prefer = [](std::string& fact, std::string said) {
    if (!said.empty()) fact = std::move(said);
  };
  prefer(facts.repo, first_of(environment, {"GITHUB_REPOSITORY", "CI_PROJECT_PATH"}));
  prefer(facts.branch, first_of(environment, {"GITHUB_HEAD_REF", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
                                              "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH"}));
  prefer(facts.commit, first_of(environment, {"GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT"}));
  return facts;
}

}  // namespace plumbline::push
