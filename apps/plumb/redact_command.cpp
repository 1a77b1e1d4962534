// `plumb redact`: what would leave the machine of a file, and why not more. docs/redaction.md.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/plumb/command.h"
#include "core/codec/decoder.h"
#include "core/redact/detect.h"
#include "core/redact/redactor.h"
#include "producers/push/input.h"
#include "producers/push/push.h"

namespace plumbline::client {
namespace {

struct RedactArguments {
  std::vector<std::string> paths;
  std::string config, agent;
  bool explain = false, kinds = false;
};

// Standard output: what leaves. Standard error: what does not, place by place.
int redact_input(const push::Input& input, const RedactArguments& args, const redact::Policy& policy) {
  const auto text = push::read_text(input);
  if (!text) return usage(text.error().message);
  push::Labels labels;
  labels.agent = args.agent;
  labels.include_content = true;  // what goes is for the policy to say
  const std::string name = input.path.empty() ? "stdin" : input.path.stem().string();
  const auto converted = push::convert(push::Form::kAuto, *text, labels, push::written_at(input), name);
  if (!converted) return usage(input.name + ": " + converted.error().message);
  redact::Redactor redactor(policy);
  codec::Decoder decoder;
  int code = push::kExitOk;
  for (const push::Event& event : converted->events) {
    const auto endpoint = event.report ? codec::Endpoint::kReports : codec::Endpoint::kTraces;
    const std::string place = input.name + ":" + std::to_string(event.source_line) + ": ";
    if (const auto judged = decoder.decode(event.line, endpoint); !judged) {
      std::cerr << place << "is not sent: " << judged.error().message << "\n";
      code = push::kExitRejected;
      continue;
    }
    std::vector<redact::Change> changes;
    std::cout << redactor.apply(event.line, &changes) << "\n";
    if (!args.explain) continue;
    if (changes.empty()) std::cerr << place << "leaves as it is\n";
    for (const redact::Change& change : changes)
      std::cerr << place << change.path << " is " << change.what << " (" << change.why << ", " << change.bytes
                << " bytes)\n";
  }
  for (const push::Skipped& line : converted->skipped) {
    std::cerr << input.name << ":" << line.line << ": is not sent: " << line.reason << "\n";
    code = push::kExitRejected;
  }
  return code;
}

int run(const RedactArguments& args) {
  if (args.kinds) {
    for (const std::string_view kind : redact::detector_kinds()) std::cout << kind << "\n";
    return push::kExitOk;
  }
  if (args.paths.empty()) return usage("name a file, or - for standard input");
  const auto policy = redaction_policy(args.config);
  if (!policy) return usage(policy.error().message);
  const auto inputs = push::expand(args.paths);
  if (!inputs) return usage(inputs.error().message);
  int code = push::kExitOk;
  for (const push::Input& input : *inputs) code = std::max(code, redact_input(input, args, *policy));
  return code;
}

}  // namespace

Chosen add_redact(CLI::App& app) {
  auto args = std::make_shared<RedactArguments>();
  CLI::App* command = app.add_subcommand(
      "redact", "Show what the agent and push would let leave this machine; sends nothing");
  command->add_option("paths", args->paths, "Files, folders, or - for standard input");
  command->add_option("--config", args->config,
                      "agent.toml whose [redaction] applies; else the one in the configuration folder");
  command->add_option("--agent", args->agent, "Agent, as of `plumb push`");
  command->add_flag("--explain", args->explain, "Also say what does not leave and why, on standard error");
  command->add_flag("--kinds", args->kinds, "List the detectors");
  return [=]() -> std::optional<int> { return command->parsed() ? std::optional(run(*args)) : std::nullopt; };
}

}  // namespace plumbline::client
