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
  // The chosen leaf; nullptr when none was.
  [[nodiscard]] const Run* chosen() const {
    for (const auto& [leaf, run] : leaves_) {
      if (leaf->parsed()) return &run;
    }
    return nullptr;
  }

 private:
  CLI::App& root_;
  std::vector<std::pair<CLI::App*, Run>> leaves_;
};

void add_all(Commands& commands);

}  // namespace plumbline::app
