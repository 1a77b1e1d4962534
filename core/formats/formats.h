// Reports of other tools into a GateReport. Pure; thread-safe. docs/formats.md says what becomes what.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/formats/gate_report.h"
#include "core/result.h"

namespace plumbline::formats {

enum class Format : std::uint8_t {
  kSarif,              // OASIS SARIF 2.1.0: any linter
  kDependencyCruiser,  // `depcruise --output-type json`
  kImportLinter,       // text of `lint-imports`
  kSonarQube,          // payload of SonarQube's webhook
  kScorecard,          // `scorecard --format json`
  kJUnit,              // JUnit XML: tests, ArchUnit among them
};

struct Options {
  // Findings at or above this fail their gate, where the document itself doesn't say what failed.
  Severity fail_at = Severity::kHigh;
  // Scorecard: a check below this (0 to 10) fails.
  double scorecard_min = 5;
};

// The word of a format, as `plumb push --kind` takes it: sarif, dependency-cruiser, import-linter, sonarqube,
// scorecard, junit.
[[nodiscard]] std::string_view word(Format format);
// What the text looks like; nullopt: none of these.
[[nodiscard]] std::optional<Format> guess(std::string_view text);
// Poison "invalid_json", "invalid_xml" or "input": it is not of this format; the message says what is
// missing.
[[nodiscard]] Result<GateReport> parse(Format format, std::string_view text, const Options& options = {});

}  // namespace plumbline::formats
