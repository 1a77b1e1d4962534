#include "consumers/health/member.h"

#include <charconv>
#include <cstddef>

namespace plumbline::health {
namespace {

// Behind the string that begins at `at` (its quote).
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      return at + 1;
    }
  }
  return json.size();
}

std::size_t skip_space(std::string_view json, std::size_t at) {
  while (at < json.size() && (json[at] == ' ' || json[at] == '\t' || json[at] == '\r' || json[at] == '\n'))
    ++at;
  return at;
}

}  // namespace

std::optional<double> number_member(std::string_view object, std::string_view name) {
  int depth = 0;
  for (std::size_t at = 0; at < object.size();) {
    const char c = object[at];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') {
      ++at;
      continue;
    }
    const std::size_t end = string_end(object, at);
    const bool ours = depth == 1 && object.substr(at + 1, end - at - 2) == name;
    at = end;
    if (!ours) continue;
    const std::size_t colon = skip_space(object, end);
    if (colon >= object.size() || object[colon] != ':') continue;  // a value, no name
    const std::size_t value = skip_space(object, colon + 1);
    double number = 0;
    const auto parsed = std::from_chars(object.data() + value, object.data() + object.size(), number);
    if (parsed.ec != std::errc{}) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

}  // namespace plumbline::health
