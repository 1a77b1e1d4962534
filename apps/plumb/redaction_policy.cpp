#include <algorithm>
#include <filesystem>

#include "apps/plumb/command.h"
#include "producers/agent/agent.h"

namespace plumbline::client {

Result<redact::Policy> redaction_policy(const std::string& config_file) {
  std::filesystem::path file = config_file;
  std::error_code error;
  if (config_file.empty()) {
    file = push::config_folder(environment) / "agent.toml";
    if (!std::filesystem::exists(file, error)) return redact::Policy{};
  }
  auto config = agent::load_config(file, environment);
  if (!config) return config.error();
  redact::Policy policy = std::move(config->redaction);
  const bool hashes = std::any_of(policy.rules.begin(), policy.rules.end(), [](const redact::Rule& rule) {
    return rule.action == redact::Action::kHash;
  });
  if (!hashes) return policy;
  auto key = agent::hash_key(config->state_folder);
  if (!key) return key.error();
  policy.hash_key = std::move(*key);
  return policy;
}

}  // namespace plumbline::client
