// Subcommands of `plumb` beyond push and verify: each adds itself to the command line and, when it was
// chosen, runs.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "core/redact/policy.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace plumbline::client {

// nullopt: it was not chosen; else the exit code.
using Chosen = std::function<std::optional<int>()>;

[[nodiscard]] Chosen add_agent(CLI::App& app);
[[nodiscard]] Chosen add_auth(CLI::App& app);
[[nodiscard]] Chosen add_doctor(CLI::App& app);
// `plumb completion`, `plumb man`: of all that was added before.
[[nodiscard]] Chosen add_pages(CLI::App& app);
[[nodiscard]] Chosen add_redact(CLI::App& app);

// [redaction] of the named agent.toml; without a name, of the one in the configuration folder if it is there,
// else the defaults. With the key of its rules that hash.
[[nodiscard]] Result<redact::Policy> redaction_policy(const std::string& config);

[[nodiscard]] std::optional<std::string> environment(const char* name);
// "plumb: message" on standard error; the exit code of wrong usage.
[[nodiscard]] int usage(const std::string& message);

}  // namespace plumbline::client
