// Reads the configuration: TOML file < environment < flags. Every mistake is reported, each with its place
// (file and line, variable or flag), the bound and the fix. Not thread-safe: called once at start.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/result.h"

namespace plumbline::config {

// Where values come from, as parameters, so that a test owns them.
struct Input {
  std::string file = {};                                        // path of the TOML file; empty: none
  std::map<std::string, std::string> environment = {};          // only PLUMBLINE_* are looked at
  std::vector<std::pair<std::string, std::string>> flags = {};  // option name (without --) and value
};

struct Loaded {
  Config config;
  // Option name → "file.toml:12", "PLUMBLINE_EDGE_LISTEN", "--edge.listen"; absent: the default.
  std::map<std::string, std::string, std::less<>> places;
};

// Error code "config"; the message has one line for each mistake.
[[nodiscard]] Result<Loaded> load(const Input& input);

// The process's own variables.
[[nodiscard]] std::map<std::string, std::string> process_environment();

// What single options can't say: certificate and key go together, records fit their segments and queues. A
// line each, which begins with the places of the options that don't go together.
[[nodiscard]] std::vector<std::string> cross_check(const Loaded& loaded);

// `plumbline config`: every option with its value, place, default, bound and meaning.
[[nodiscard]] std::string print_text(const Loaded& loaded);
// docs/configuration.md.
[[nodiscard]] std::string print_markdown();

}  // namespace plumbline::config
