// `completion SHELL` and `man FOLDER`, the same for every binary.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/describe/man.h"

namespace plumbline::describe {

// Adds both to the root; nullopt: neither was chosen, else the exit code. `version` as man_pages has it.
[[nodiscard]] std::function<std::optional<int>()> add_commands(CLI::App& root, const std::string& version,
                                                               std::vector<Section> sections);

}  // namespace plumbline::describe
