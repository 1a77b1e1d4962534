// Scripts that complete a command line in a shell. Pure.
#pragma once
#include <string>

#include "apps/describe/tree.h"

namespace plumbline::describe {

[[nodiscard]] std::string bash_completion(const Command& root);
[[nodiscard]] std::string zsh_completion(const Command& root);
[[nodiscard]] std::string fish_completion(const Command& root);

// In single quotes, as all three take it.
[[nodiscard]] std::string quoted(const std::string& text);
// All commands, the root first.
[[nodiscard]] std::vector<const Command*> all_commands(const Command& root);
// The words behind the root's name, each with a space before it: "" or " agent run".
[[nodiscard]] std::string below(const Command& root, const Command& command);

}  // namespace plumbline::describe
