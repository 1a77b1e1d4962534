// What the working tree says of itself, read from its files without running git: HEAD, refs, the remote's
// address and the log of HEAD (gitrepository-layout(5)). In a CI job, what the job's environment says goes
// first: a job's checkout has neither branch nor remote of use. Not thread-safe: reads the environment.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "producers/push/credentials.h"

namespace plumbline::push {

struct GitFacts {
  std::string repo;    // owner/name of the remote "origin", else the folder's name
  std::string branch;  // empty while HEAD is detached
  std::string commit;  // 40 or 64 hexadecimal digits
  std::string
      author;  // name (no address) of who made that commit here; empty when the log of HEAD doesn't say
};

// Of the working tree that `folder` is in; all empty when it is in none. Never fails: what can't be read
// stays empty.
[[nodiscard]] GitFacts git_facts(const std::filesystem::path& folder, const Environment& environment);

// "https://host/owner/name.git", "git@host:owner/name" and the like as owner/name (all groups kept); "" for
// none.
[[nodiscard]] std::string repository_name(std::string_view url);

}  // namespace plumbline::push
