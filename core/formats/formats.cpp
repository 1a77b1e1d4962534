#include "core/formats/formats.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

using codec::JsonValue;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::optional<Format> guess_json(const JsonValue& root) {
  if (root["runs"].is(JsonValue::Kind::kArray)) return Format::kSarif;
  if (root["summary"]["violations"].is(JsonValue::Kind::kArray)) return Format::kDependencyCruiser;
  if (root.has("qualityGate") || (root.has("taskId") && root.has("project"))) return Format::kSonarQube;
  if (root["checks"].is(JsonValue::Kind::kArray) && root.has("scorecard")) return Format::kScorecard;
  return std::nullopt;
}

}  // namespace

std::string_view word(Format format) {
  switch (format) {
    case Format::kSarif:
      return "sarif";
    case Format::kDependencyCruiser:
      return "dependency-cruiser";
    case Format::kImportLinter:
      return "import-linter";
    case Format::kSonarQube:
      return "sonarqube";
    case Format::kScorecard:
      return "scorecard";
    case Format::kJUnit:
      return "junit";
  }
  return "";
}

bool contains_word(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool is_layer_rule(std::string_view rule) {
  constexpr std::array<std::string_view, 9> kSigns = {
      "no-restricted-paths", "boundaries/", "module-boundaries", "layer",        "architecture",
      "arch_boundary",       "archunit",    "forbidden-import",  "arch-boundary"};
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [rule](std::string_view sign) { return contains_word(rule, sign); });
}

std::optional<Format> guess(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string_view::npos) return std::nullopt;
  if (text[first] == '{') {
    const auto root = JsonValue::parse(text.substr(first));
    return root ? guess_json(*root) : std::nullopt;
  }
  if (text[first] == '<' && text.find("<testsuite") != std::string_view::npos) return Format::kJUnit;
  // The line of totals; the banner above it changes with the version.
  const std::size_t totals = text.find("Contracts: ");
  if (totals != std::string_view::npos && text.find(" kept, ", totals) != std::string_view::npos)
    return Format::kImportLinter;
  return std::nullopt;
}

Result<GateReport> parse(Format format, std::string_view text, const Options& options) {
  if (format == Format::kJUnit) return parse_junit(text);
  if (format == Format::kImportLinter) return parse_import_linter(text);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const auto root = JsonValue::parse(text);
  if (!root) return root.error();
  switch (format) {
    case Format::kSarif:
      return parse_sarif(*root, options);
    case Format::kDependencyCruiser:
      return parse_dependency_cruiser(*root, options);
    case Format::kSonarQube:
      return parse_sonarqube(*root);
    default:
      return parse_scorecard(*root, options);
  }
}

}  // namespace plumbline::formats
