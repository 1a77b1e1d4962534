// The client: wiring only. docs/plumb.md describes its options and exit codes.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "apps/plumb/command.h"
#include "producers/push/push.h"
#include "producers/push/verify.h"

namespace plumbline::client {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int usage(const std::string& message) {
  std::cerr << "plumb: " << message << "\n";
  return push::kExitUsage;
}

}  // namespace plumbline::client

namespace {

namespace push = plumbline::push;
using plumbline::client::environment;
using plumbline::client::usage;

const std::map<std::string, push::Form> kForms{{"auto", push::Form::kAuto},
                                               {"rigour", push::Form::kRigour},
                                               {"atlasbridge", push::Form::kAtlasBridge},
                                               {"ndjson", push::Form::kNative},
                                               {"sarif", push::Form::kSarif},
                                               {"dependency-cruiser", push::Form::kDependencyCruiser},
                                               {"import-linter", push::Form::kImportLinter},
                                               {"sonarqube", push::Form::kSonarQube},
                                               {"scorecard", push::Form::kScorecard},
                                               {"junit", push::Form::kJUnit}};

const std::map<std::string, plumbline::formats::Severity> kLevels{
    {"error", plumbline::formats::Severity::kHigh},
    {"warning", plumbline::formats::Severity::kMedium},
    {"note", plumbline::formats::Severity::kLow}};

struct Arguments {
  push::PushOptions options;
  push::CredentialFlags flags;
  std::string kind = "auto", time, encoding = "gzip", config;
  bool include_content = false;
  std::int64_t time_shift_s = 0;
  std::string fail_at = "error";
  bool git = true;
  std::vector<std::string> verify_paths;
};

CLI::App* add_push(CLI::App& app, Arguments& args) {
  CLI::App* command = app.add_subcommand(
      "push", "Send reports of gates and linters, AtlasBridge traces or Plumbline's own events");
  command->add_option("paths", args.options.paths, "Files, folders, or - for standard input")->required();
  command->add_option("--kind", args.kind, "What they are")->check(CLI::IsMember(kForms));
  command->add_option("--agent", args.options.labels.agent, "Agent; a trace's default is its file's name");
  command->add_option("--repo", args.options.labels.repo, "Repository, where the document names none");
  command->add_option("--branch", args.options.labels.branch, "Branch");
  command->add_option("--commit", args.options.labels.commit, "Commit");
  command->add_option("--version", args.options.labels.version, "Version of the software");
  command->add_option("--time", args.time, "Time (RFC 3339), where the document has none; else its file's");
  command
      ->add_option("--fail-at", args.fail_at, "SARIF, dependency-cruiser: the least level that fails the run")
      ->check(CLI::IsMember({"error", "warning", "note"}));
  command->add_flag("!--no-git", args.git, "Don't read repository, branch and commit from the working tree");
  command
      ->add_option("--time-shift-s", args.time_shift_s,
                   "Seconds added to the documents' own times: to show old documents as if they were new")
      ->check(CLI::Range(-3660LL * 86400, 3660LL * 86400));
  command->add_flag(
      "--include-content", args.include_content,
      "Also send prompts, messages and outputs; what detectors find in them stays all the same");
  command->add_option("--config", args.config,
                      "agent.toml whose [redaction] applies; else the one in the configuration folder");
  command->add_flag("--allow-broken", args.options.allow_broken, "Send a trace whose chain is broken");
  command->add_option("--encoding", args.encoding, "Of request bodies")
      ->check(CLI::IsMember({"gzip", "zstd"}));
  command->add_option("--endpoint", args.flags.endpoint, "The edge, such as https://plumbline.example");
  command->add_option("--key-id", args.flags.key_id, "Signing key's id");
  command->add_option("--secret-file", args.flags.secret_file, "File with the signing secret");
  command->add_option("--profile", args.flags.profile,
                      "Of the credentials file; `plumb auth login --profile` makes one");
  command->add_option("--ca-file", args.flags.ca_file, "Certificate authority (PEM) instead of the system's");
  return command;
}

int run_push(Arguments& args) {
  args.options.form = kForms.at(args.kind);
  args.options.labels.formats.fail_at = kLevels.at(args.fail_at);
  if (args.git) args.options.labels.git = push::git_facts(std::filesystem::current_path(), environment);
  args.options.labels.time_shift_us = args.time_shift_s * 1'000'000;
  args.options.zstd = args.encoding == "zstd";
  args.options.progress = isatty(STDERR_FILENO) != 0;
  if (!args.time.empty()) {
    args.options.labels.time = plumbline::parse_rfc3339(args.time);
    if (!args.options.labels.time) return usage("--time is not RFC 3339, such as 2026-11-02T09:00:00Z");
  }
  auto redaction = plumbline::client::redaction_policy(args.config);
  if (!redaction) return usage(redaction.error().message);
  redaction->include_content = redaction->include_content || args.include_content;
  // A rule may keep what is dropped by default: then the redaction alone decides, as in the agent.
  args.options.labels.include_content = redaction->include_content || !redaction->rules.empty();
  args.options.redaction = std::move(*redaction);
  auto credentials = push::find_credentials(args.flags, environment);
  if (!credentials) return usage(credentials.error().message);
  const auto transport = push::curl_transport(credentials->ca_file);
  const plumbline::SystemClock clock;
  push::World world{*transport, clock, [](auto time) { std::this_thread::sleep_for(time); }, std::cout,
                    std::cerr};
  return push::push(args.options, *credentials, push::ChainState(push::state_folder(environment)), world);
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Plumbline's client", "plumb"};
  Arguments args;
  app.set_version_flag("--version", "plumb " PLUMBLINE_VERSION);
  app.require_subcommand(1);
  CLI::App* push_command = add_push(app, args);
  CLI::App* verify_command = app.add_subcommand("verify", "Verify the hash chains of AtlasBridge traces");
  verify_command->add_option("paths", args.verify_paths, "Files, folders, or - for standard input")
      ->required();
  const std::vector<plumbline::client::Chosen> others{
      plumbline::client::add_agent(app), plumbline::client::add_auth(app), plumbline::client::add_redact(app),
      plumbline::client::add_doctor(app), plumbline::client::add_pages(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? push::kExitOk : push::kExitUsage;
  }
  if (push_command->parsed()) return run_push(args);
  for (const auto& chosen : others) {
    if (const auto code = chosen()) return *code;
  }
  return push::verify(args.verify_paths, push::ChainState(push::state_folder(environment)), std::cout,
                      std::cerr);
} catch (const std::exception& error) {
  return usage(error.what());
}
