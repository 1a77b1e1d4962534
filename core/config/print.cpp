// The table for people.
#include <sstream>

#include "core/config/load.h"
#include "core/config/options.h"

namespace plumbline::config {
namespace {

std::string section_of(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? "" : std::string(name.substr(0, dot));
}

std::string shown(const std::string& value) {
  return value.empty() ? "(not set)" : value;
}

constexpr std::string_view kIntroduction = R"(# Configuration

One TOML file < environment < flags: a later one wins. `--config FILE` or `PLUMBLINE_CONFIG` names the file; without
either there is none. An option `edge.listen` is `listen` under `[edge]` in the file, `PLUMBLINE_EDGE_LISTEN` in the
environment and `--edge.listen=VALUE` as a flag. Durations are whole numbers with ms, s, m, h or d, sizes with B, KiB,
MiB, GiB or TiB. Options that end in `_file` name a file; a secret never stands in the configuration itself. An unknown
option, a wrong type or a value out of bounds stops the start with its place, the bound and the fix.

`plumbline config` prints this table with the values in force and where each came from. This page is made by
`plumbline config --markdown`; a test keeps it so.
)";

}  // namespace

std::string print_text(const Loaded& loaded) {
  std::ostringstream out;
  const Config defaults;
  for (const Option& option : options()) {
    const auto place = loaded.places.find(option.name);
    out << option.name << " = " << shown(option.print(loaded.config)) << "    ["
        << (place == loaded.places.end() ? "default" : place->second) << "]\n"
        << "    " << option.meaning << "\n"
        << "    default " << shown(option.print(defaults)) << "; " << option.bound() << "; "
        << option.variable() << "\n";
  }
  return out.str();
}

std::string print_markdown() {
  std::ostringstream out;
  const Config defaults;
  out << kIntroduction;
  std::string section = "-";
  for (const Option& option : options()) {
    if (const auto now = section_of(option.name); now != section) {
      section = now;
      out << "\n## " << (section.empty() ? "General" : "[" + section + "]")
          << "\n\n| option | default | bound | meaning |\n|---|---|---|---|\n";
    }
    const auto value = option.print(defaults);
    out << "| `" << option.name << "` | " << (value.empty() ? "not set" : "`" + value + "`") << " | "
        << option.bound() << " | " << option.meaning << " |\n";
  }
  return out.str();
}

}  // namespace plumbline::config
