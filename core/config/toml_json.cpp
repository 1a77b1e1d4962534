#include "core/config/toml_json.h"

#include <sstream>

#include <toml++/toml.h>

namespace plumbline::config {

Result<std::string> toml_to_json(std::string_view toml, std::string_view name) {
  try {
    std::ostringstream out;
    out << toml::json_formatter{toml::parse(toml, name)};
    return out.str();
  } catch (const toml::parse_error& error) {
    return poison("config", std::string(name) + " line " + std::to_string(error.source().begin.line) + ": " +
                                std::string(error.description()));
  }
}

}  // namespace plumbline::config
