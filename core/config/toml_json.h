// A TOML document as JSON text, for configurations that are not the server's (options.h): whoever reads it
// checks its members. Pure; thread-safe.
#pragma once
#include <string>
#include <string_view>

#include "core/result.h"

namespace plumbline::config {

// Poison "config": not TOML; the message has `name` and the line. Dates become texts.
[[nodiscard]] Result<std::string> toml_to_json(std::string_view toml, std::string_view name);

}  // namespace plumbline::config
