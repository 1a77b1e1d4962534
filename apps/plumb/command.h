// Subcommands of `plumb` beyond push and verify: each adds itself to the command line and, when it was
// chosen, runs.
#pragma once
#include <functional>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace plumbline::client {

// nullopt: it was not chosen; else the exit code.
using Chosen = std::function<std::optional<int>()>;

[[nodiscard]] Chosen add_agent(CLI::App& app);
[[nodiscard]] Chosen add_doctor(CLI::App& app);
[[nodiscard]] Chosen add_redact(CLI::App& app);

[[nodiscard]] std::optional<std::string> environment(const char* name);
// "plumb: message" on standard error; the exit code of wrong usage.
[[nodiscard]] int usage(const std::string& message);

}  // namespace plumbline::client
