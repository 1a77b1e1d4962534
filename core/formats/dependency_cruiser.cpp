// dependency-cruiser's JSON (its src/schema/cruise-result.schema.json, versions 10 to 17).
#include <algorithm>
#include <array>

#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

using codec::JsonValue;

// What `depcruise --init` writes that is about hygiene, not about who may depend on whom.
bool is_hygiene(std::string_view rule) {
  constexpr std::array<std::string_view, 13> kRules = {
      "no-circular",         "no-orphans",          "no-deprecated-core", "not-to-deprecated",
      "no-non-package-json", "not-to-unresolvable", "not-to-test",        "no-duplicate-dep-types",
      "not-to-dev-dep",      "not-to-spec",         "optional-deps-used", "peer-deps-used",
      "unresolvable"};
  return std::find(kRules.begin(), kRules.end(), rule) != kRules.end();
}

Severity severity_of(std::string_view word) {
  if (word == "error") return Severity::kHigh;
  return word == "warn" ? Severity::kMedium : Severity::kLow;
}

std::string_view comment_of(const JsonValue& root, std::string_view rule) {
  for (const std::string_view set : {"forbidden", "allowed", "required"}) {
    for (const JsonValue& known : root["summary"]["ruleSetUsed"][set].items()) {
      if (known["name"].text() == rule) return known["comment"].text();
    }
  }
  return "";
}

}  // namespace

Result<GateReport> parse_dependency_cruiser(const JsonValue& root, const Options& options) {
  const JsonValue& violations = root["summary"]["violations"];
  if (!violations.is(JsonValue::Kind::kArray))
    return poison("input",
                  "dependency-cruiser: no array summary.violations; write it with --output-type json");
  GateReport report;
  report.tool = "dependency-cruiser";
  report.gate(report.tool, GateStatus::kPass);
  for (const JsonValue& violation : violations.items()) {
    const std::string_view rule = violation["rule"]["name"].text();
    const std::string_view from = violation["from"].text(), to = violation["to"].text();
    Finding finding;
    finding.id = rule;
    finding.severity = severity_of(violation["rule"]["severity"].text());
    if (violation["rule"]["severity"].text() == "ignore") continue;
    const std::string_view comment = comment_of(root, rule);
    finding.title = comment.empty() ? rule : comment;
    finding.details =
        from == to || to.empty() ? std::string(from) : std::string(from) + " \u2192 " + std::string(to);
    if (!from.empty()) finding.files.emplace_back(from);
    const std::string_view type = violation["type"].text();
    const bool edge =
        type.empty() ? from != to : type == "dependency" || type == "reachability" || type == "folder";
    if (edge && !is_hygiene(rule)) finding.category = kLayerViolation;
    if (finding.severity >= options.fail_at) report.gate(report.tool, GateStatus::kFail);
    report.findings.push_back(std::move(finding));
  }
  return report;
}

}  // namespace plumbline::formats
