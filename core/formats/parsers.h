// One function for each format, as formats.h describes; called by parse().
#pragma once
#include <string>
#include <string_view>

#include "core/codec/json_value.h"
#include "core/formats/formats.h"

namespace plumbline::formats {

Result<GateReport> parse_sarif(const codec::JsonValue& root, const Options& options);
Result<GateReport> parse_dependency_cruiser(const codec::JsonValue& root, const Options& options);
Result<GateReport> parse_sonarqube(const codec::JsonValue& root);
Result<GateReport> parse_scorecard(const codec::JsonValue& root, const Options& options);
Result<GateReport> parse_import_linter(std::string_view text);
Result<GateReport> parse_junit(std::string_view text);

// Rules of widely used linters that guard layers and boundaries: import/no-restricted-paths, boundaries/…,
// and what names itself an architecture or layer rule.
[[nodiscard]] bool is_layer_rule(std::string_view rule);
// `word` (lower case) stands in `text`, whatever the case of its ASCII letters.
[[nodiscard]] bool contains_word(std::string_view text, std::string_view word);

}  // namespace plumbline::formats
