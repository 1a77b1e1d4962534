// OpenSSF Scorecard's JSON, format 2 (`scorecard --format json`; its pkg/scorecard/json.v2.schema).
#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

using codec::JsonValue;

std::string details_of(const JsonValue& check) {
  std::string text(check["reason"].text());
  for (const JsonValue& detail : check["details"].items()) {
    text += '\n';
    text += detail.text();
  }
  return text;
}

}  // namespace

Result<GateReport> parse_scorecard(const JsonValue& root, const Options& options) {
  if (!root["checks"].is(JsonValue::Kind::kArray)) return poison("input", "Scorecard: no array named checks");
  GateReport report;
  report.tool = "scorecard";
  report.repo = root["repo"]["name"].text();
  report.commit = root["repo"]["commit"].text();
  std::string date(root["date"].text());
  if (date.size() == 10) date += "T00:00:00Z";
  if (const auto time = parse_rfc3339(date)) report.time = *time;
  if (const auto score = root["score"].number(); score && *score >= 0) report.score = *score * 10;
  for (const JsonValue& check : root["checks"].items()) {
    const std::string_view name = check["name"].text();
    const double score = check["score"].number().value_or(-1);
    // -1: it could not be told.
    const GateStatus status = score < 0                       ? GateStatus::kSkip
                              : score < options.scorecard_min ? GateStatus::kFail
                                                              : GateStatus::kPass;
    report.gate(name, status);
    if (score < 0 || score >= 10) continue;
    Finding finding;
    finding.id = name;
    finding.title = std::string(name) + ": " + std::string(check["reason"].text());
    finding.details = details_of(check);
    finding.severity = status == GateStatus::kFail ? Severity::kHigh
                       : score < 8                 ? Severity::kMedium
                                                   : Severity::kLow;
    report.findings.push_back(std::move(finding));
  }
  return report;
}

}  // namespace plumbline::formats
