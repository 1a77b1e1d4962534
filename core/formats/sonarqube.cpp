// The payload of SonarQube's webhook (its documentation, "Webhooks": version 9 to 2025).
#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

using codec::JsonValue;

// "2026-11-21T08:00:00+0000": an offset without a colon, which RFC 3339 wants.
std::optional<TimeUs> sonar_time(std::string_view text) {
  std::string fixed(text);
  const std::size_t sign = fixed.find_last_of("+-");
  if (sign != std::string::npos && sign > 10 && fixed.size() - sign == 5) fixed.insert(sign + 3, ":");
  return parse_rfc3339(fixed);
}

std::string about(const JsonValue& condition) {
  std::string text(condition["metric"].text());
  if (!condition["value"].text().empty()) text += " is " + std::string(condition["value"].text());
  const std::string_view bound = condition["errorThreshold"].text();
  if (!bound.empty()) {
    const bool less = condition["operator"].text() == "LESS_THAN";
    text += less ? ", at least " : ", at most ";
    text += bound;
    text += " is wanted";
  }
  return text;
}

}  // namespace

Result<GateReport> parse_sonarqube(const JsonValue& root) {
  if (root["project"]["key"].text().empty())
    return poison("input", "SonarQube: the payload has no project.key");
  GateReport report;
  report.tool = "sonarqube";
  // Analysis properties under sonar.analysis. come along: the one way to name the repository as other gates
  // do.
  report.repo = root["properties"]["sonar.analysis.repo"].text();
  if (report.repo.empty()) report.repo = root["project"]["key"].text();
  report.branch = root["branch"]["name"].text();
  report.commit = root["revision"].text();
  report.version = root["properties"]["sonar.projectVersion"].text();
  report.time = sonar_time(root["analysedAt"].text());
  const JsonValue& gate = root["qualityGate"];
  if (root["status"].text() != "SUCCESS" || !gate.is(JsonValue::Kind::kObject)) {
    // The analysis itself failed or was canceled: nothing is known of the code.
    report.gate("analysis", root["status"].text() == "SUCCESS" ? GateStatus::kSkip : GateStatus::kError);
    return report;
  }
  const bool passed = gate["status"].text() == "OK";
  report.gate(gate["name"].text().empty() ? "quality gate" : gate["name"].text(),
              passed ? GateStatus::kPass : GateStatus::kFail);
  for (const JsonValue& condition : gate["conditions"].items()) {
    const std::string_view metric = condition["metric"].text(), status = condition["status"].text();
    report.gate(metric, status == "OK"         ? GateStatus::kPass
                        : status == "NO_VALUE" ? GateStatus::kSkip
                                               : GateStatus::kFail);
    if (status != "ERROR") continue;
    Finding finding;
    finding.id = metric;
    finding.title = about(condition);
    finding.severity = contains_word(metric, "security") || contains_word(metric, "vulnerabilit")
                           ? Severity::kCritical
                           : Severity::kHigh;
    report.findings.push_back(std::move(finding));
  }
  return report;
}

}  // namespace plumbline::formats
