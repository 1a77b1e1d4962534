// How a subcommand joins `plumbline`: a function add_NAME(Commands&) in NAME_command.cpp, listed in
// commands.cpp.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "core/config/load.h"

namespace plumbline::app {

// Exit codes of every subcommand.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;  // it was tried and did not succeed; standard error says why
inline constexpr int kUsage = 2;   // wrong words or a refused configuration

using Run = std::function<int(const config::Loaded&)>;

// Collects the subcommands; after parsing, runs the one that was chosen with the configuration loaded.
class Commands {
 public:
  explicit Commands(CLI::App& root) : root_(root) {}
  [[nodiscard]] CLI::App& root() { return root_; }
  // A command without subcommands of its own, under `parent`. Options are added to what it returns.
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& help, Run run) {
    CLI::App* leaf = parent.add_subcommand(name, help);
    leaf->fallthrough();
    leaves_.emplace_back(leaf, std::move(run));
    return *leaf;
  }
  // A command that only groups others: tenant, key, dead, log.
  CLI::App& group(const std::string& name, const std::string& help) {
    CLI::App* made = root_.add_subcommand(name, help);
    made->require_subcommand(1);
    made->fallthrough();
    return *made;
  }
  // The command of that name where it is a role (`plumbline health` runs it), so that it can have commands of
  // its own too (`plumbline health show`); else a group.
  CLI::App& role_or_group(const std::string& name, const std::string& help) {
    const auto found = root_.get_subcommands([&name](CLI::App* each) { return each->get_name() == name; });
    return found.empty() ? group(name, help) : *found.front();
  }
  // The chosen leaf; nullptr when none was. The last one, for a role's own commands come behind the role.
  [[nodiscard]] const Run* chosen() const {
    for (auto at = leaves_.rbegin(); at != leaves_.rend(); ++at) {
      if (at->first->parsed()) return &at->second;
    }
    return nullptr;
  }

 private:
  CLI::App& root_;
  std::vector<std::pair<CLI::App*, Run>> leaves_;
};

void add_all(Commands& commands);

}  // namespace plumbline::app
