// `plumb agent run` and `plumb agent status`: docs/agent.md.
#include <csignal>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/plumb/command.h"
#include "producers/agent/agent.h"
#include "producers/agent/files.h"
#include "producers/push/push.h"

namespace plumbline::client {
namespace {

struct AgentArguments {
  std::string config, profile;
  bool json = false;
};

// $XDG_CONFIG_HOME/plumbline/agent.toml, where no file is named.
Result<agent::Config> load(const AgentArguments& args) {
  const std::filesystem::path file = args.config.empty() ? push::config_folder(environment) / "agent.toml"
                                                         : std::filesystem::path(args.config);
  return agent::load_config(file, environment);
}

int run(const AgentArguments& args) {
  auto config = load(args);
  if (!config) return usage(config.error().message);
  if (!args.profile.empty()) config->edge.profile = args.profile;
  auto credentials = push::find_credentials(config->edge, environment);
  if (!credentials) return usage(credentials.error().message);
  // Blocked before any thread starts, so that only the wait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);

  const auto transport = push::curl_transport(credentials->ca_file);
  const SystemClock clock;
  const std::filesystem::path state = config->state_folder;
  const std::string endpoint = credentials->endpoint;
  agent::KeySource source;
  source.files = {push::credentials_file(environment), config->edge.secret_file,
                  environment("PLUMBLINE_SECRET_FILE").value_or("")};
  source.find = [flags = config->edge] { return push::find_credentials(flags, environment); };
  agent::Agent running(std::move(*config), std::move(*credentials), std::move(source), *transport, clock);
  if (Status started = running.start(); !started) {
    std::cerr << "plumb agent: " << started.error().message << "\n";
    return started.error().fault == Fault::kRetryable ? push::kExitUndelivered : push::kExitUsage;
  }
  std::cerr << "plumb agent: running, to " << endpoint << ", state in " << state.string();
  if (running.http_port() != 0) std::cerr << ", HTTP on port " << running.http_port();
  std::cerr << std::endl;
  int number = 0;
  sigwait(&signals, &number);
  std::cerr << "plumb agent: stopping" << std::endl;
  running.stop();
  return push::kExitOk;
}

int status(const AgentArguments& args) {
  const auto config = load(args);
  if (!config) return usage(config.error().message);
  constexpr std::size_t kStatusBytesMax = std::size_t{4} << 20;
  const auto text = agent::read_small(agent::status_file(config->state_folder), kStatusBytesMax);
  if (!text) return usage(text.error().message);
  const bool running = agent::is_running(config->state_folder);
  if (args.json) {
    std::cout << (text->empty() ? "{}\n" : *text);
  } else {
    std::cout << agent::status_text(*text, running, SystemClock().now());
  }
  return running ? push::kExitOk : push::kExitUndelivered;
}

}  // namespace

Chosen add_agent(CLI::App& app) {
  auto args = std::make_shared<AgentArguments>();
  CLI::App* agent =
      app.add_subcommand("agent", "Follow files and listen on this machine; redact, spool, sign, send");
  agent->require_subcommand(1);
  CLI::App* run_command = agent->add_subcommand("run", "Until SIGTERM");
  CLI::App* status_command =
      agent->add_subcommand("status", "What it holds, how far behind it is, what failed last");
  for (CLI::App* command : {run_command, status_command})
    command->add_option("--config", args->config, "agent.toml; else the one in the configuration folder");
  run_command->add_option("--profile", args->profile,
                          "Of the credentials file; else agent.toml's edge.profile");
  status_command->add_flag("--json", args->json, "As the agent wrote it");
  return [=]() -> std::optional<int> {
    if (run_command->parsed()) return run(*args);
    if (status_command->parsed()) return status(*args);
    return std::nullopt;
  };
}

}  // namespace plumbline::client
