// `plumb doctor`: whether what `plumb push` and `plumb agent` need is there, each with its way out.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/plumb/command.h"
#include "apps/plumb/edge_answer.h"
#include "producers/agent/agent.h"
#include "producers/agent/sqlite/session_rows.h"
#include "producers/push/push.h"

namespace plumbline::client {
namespace {

namespace fs = std::filesystem;

class Doctor {
 public:
  int run(const std::string& named, const std::string& profile) {
    push::CredentialFlags flags;
    const fs::path file = named.empty() ? push::config_folder(environment) / "agent.toml" : fs::path(named);
    std::error_code error;
    if (!named.empty() || fs::exists(file, error)) {
      if (const auto config = agent::load_config(file, environment)) {
        good("configuration " + file.string());
        flags = config->edge;
        check_agent(*config);
      } else {
        bad(config.error().message);
      }
    } else {
      note("no agent is configured (" + file.string() +
           " is not there); docs/agent.md has one to begin with");
    }
    if (!profile.empty()) flags.profile = profile;
    check_edge(flags);
    return failed_ ? push::kExitRejected : push::kExitOk;
  }

 private:
  void good(const std::string& text) { std::cout << "ok    " << text << "\n"; }
  void note(const std::string& text) { std::cout << "note  " << text << "\n"; }
  void bad(const std::string& text) {
    failed_ = true;
    std::cout << "FAIL  " << text << "\n";
  }

  void check_agent(const agent::Config& config) {
    if (agent::is_running(config.state_folder)) {
      good("the agent runs; `plumb agent status` says more");
    } else {
      bad("no agent runs on " + config.state_folder.string() + "; start `plumb agent run`");
    }
    std::error_code error;
    for (const agent::TailOptions& tail : config.tails) {
      if (fs::exists(tail.path, error)) {
        good("tail " + tail.path.string());
      } else if (fs::is_directory(tail.path.parent_path(), error)) {
        note("tail " + tail.path.string() + " is not there yet");
      } else {
        bad("tail " + tail.path.string() + ": its folder can't be read; is the path right?");
      }
    }
    for (const agent::StoreOptions& store : config.stores) {
      const auto rows = agent::read_sessions(store.path);
      if (!rows) {
        bad(rows.error().message);
      } else if (!fs::exists(store.path, error)) {
        note("store " + store.path.string() + " is not there yet");
      } else {
        good("store " + store.path.string() + ", " + std::to_string(rows->size()) + " sessions");
      }
    }
  }

  void check_edge(const push::CredentialFlags& flags) {
    const auto credentials = push::find_credentials(flags, environment);
    if (!credentials) return bad(credentials.error().message);
    if (!credentials->profile.empty()) note("profile " + credentials->profile + " of the credentials file");
    const EdgeAnswer answer = ask_edge(*credentials);
    if (answer.verdict == EdgeAnswer::kTaken) return good(answer.words);
    if (answer.verdict == EdgeAnswer::kLater) return note(answer.words);
    bad(answer.words);
  }

  bool failed_ = false;
};

}  // namespace

Chosen add_doctor(CLI::App& app) {
  auto config = std::make_shared<std::string>(), profile = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("doctor", "Check configuration, credentials, the edge and the agent's inputs");
  command->add_option("--config", *config, "agent.toml; else the one in the configuration folder");
  command->add_option("--profile", *profile, "Of the credentials file");
  return [=]() -> std::optional<int> {
    return command->parsed() ? std::optional(Doctor().run(*config, *profile)) : std::nullopt;
  };
}

}  // namespace plumbline::client
