// Where values come from: TOML file < environment < flags. Every refusal names the place (file and line,
// variable or flag), the bound and the fix. Not thread-safe: called once at start and at a reload.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/result.h"

namespace plumbline::config {

struct Input {
  std::string file;                                        // empty: none
  std::map<std::string, std::string> environment;          // variables; only PLUMBLINE_* are looked at
  std::vector<std::pair<std::string, std::string>> flags;  // option name (without --) and value
};

struct Loaded {
  Config config;
  std::map<std::string, std::string> places;  // option name -> where its value came from; absent: the default
};

Result<Loaded> load(const Input& input);
// The process's own variables.
[[nodiscard]] std::map<std::string, std::string> process_environment();

// The table of options with defaults, as Markdown (docs/configuration.md) or as text with the current values.
[[nodiscard]] std::string print_markdown();
[[nodiscard]] std::string print_text(const Loaded& loaded);

}  // namespace plumbline::config
