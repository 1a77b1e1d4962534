// What a code gate found, whatever its own format, and its way into the `data` of a `report` event
// (schemas/events/report.v1.json). Values; thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace plumbline::formats {

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh, kCritical };
enum class GateStatus : std::uint8_t { kPass, kSkip, kError, kFail };  // the worse, the later

// Category of a finding that breaks an architecture's layers or boundaries: drift looks for it.
inline constexpr std::string_view kLayerViolation = "layer-violation";

struct Finding {
  std::string id;     // gate or rule
  std::string title;  // one line
  std::string details;
  Severity severity = Severity::kMedium;
  std::string category;
  std::vector<std::string> files;
  std::int64_t line = 0;  // 0: not said
  std::int64_t end_line = 0;
};

struct GateReport {
  std::string tool;                           // what wrote it: the report's provenance and its agent
  std::string repo, branch, commit, version;  // "": the document doesn't say
  std::optional<TimeUs> time;
  std::vector<std::pair<std::string, GateStatus>> gates;
  std::vector<Finding> findings;
  std::optional<double> score;  // 0 to 100

  // The worst of the gates; a run without any is SKIP: nothing was looked at.
  [[nodiscard]] GateStatus status() const;
  // Sets the gate, or makes what it has worse.
  void gate(std::string_view name, GateStatus status);
};

// The schema's bound on findings: above it the most severe stay (in their order) and one more says how many
// are left out.
inline constexpr std::size_t kFindingsMax = 20000;

// The event's `data`, always valid by the schema: texts are cut to their bounds at a character's end.
[[nodiscard]] std::string report_data(const GateReport& report);

}  // namespace plumbline::formats
