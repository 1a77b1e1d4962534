// The text that import-linter's `lint-imports` prints: a contract a line with KEPT or BROKEN, then each
// broken contract under its title.
#include <vector>

#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_rule(std::string_view line) {
  return line.size() >= 3 && (line.find_first_not_of('-') == std::string_view::npos ||
                              line.find_first_not_of('=') == std::string_view::npos);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(trimmed(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// "Layers KEPT", maybe with a remark in brackets or a time behind it: its status, and the name before it.
std::optional<GateStatus> contract_of(std::string_view line, std::string_view* name) {
  for (const auto& [word, status] : {std::pair(std::string_view(" BROKEN"), GateStatus::kFail),
                                     std::pair(std::string_view(" KEPT"), GateStatus::kPass)}) {
    const std::size_t at = line.rfind(word);
    if (at == std::string_view::npos || at == 0) continue;
    *name = trimmed(line.substr(0, at));
    return status;
  }
  return std::nullopt;
}

// "a.b -> c.d (l.12, l.14)": the importing module's file and the first line.
void place(std::string_view import, Finding& finding) {
  const std::size_t arrow = import.find(" -> ");
  std::string file(import.substr(0, arrow));
  for (char& c : file) c = c == '.' ? '/' : c;
  finding.files.push_back(file + ".py");
  const std::size_t at = import.find("(l.");
  for (std::size_t n = at + 3; at != std::string_view::npos && n < import.size(); ++n) {
    if (import[n] < '0' || import[n] > '9' || finding.line > 100000000) break;
    finding.line = finding.line * 10 + (import[n] - '0');
  }
}

}  // namespace

Result<GateReport> parse_import_linter(std::string_view text) {
  GateReport report;
  report.tool = "import-linter";
  const auto lines = lines_of(text);
  bool broken = false;
  std::string contract, refused;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const std::string_view line = lines[n];
    if (line.starts_with("Broken contracts")) broken = true;
    std::string_view name;
    if (!broken) {
      if (const auto status = contract_of(line, &name)) report.gate(name, *status);
    } else if (n + 1 < lines.size() && !line.empty() && !is_rule(line) && is_rule(lines[n + 1])) {
      contract = line;
      refused.clear();
    } else if (line.find(" not allowed to import ") != std::string_view::npos) {
      refused = line.ends_with(':') ? line.substr(0, line.size() - 1) : line;
    } else if (!refused.empty() && line.find(" -> ") != std::string_view::npos) {
      const std::string_view import = trimmed(line.starts_with("-") ? line.substr(1) : line);
      Finding finding;
      finding.id = contract;
      finding.title = refused;
      finding.details = import;
      finding.severity = Severity::kHigh;
      finding.category = kLayerViolation;
      place(import, finding);
      report.findings.push_back(std::move(finding));
    }
  }
  if (report.gates.empty())
    return poison("input", "import-linter: no contract with KEPT or BROKEN behind it");
  // A broken contract of a kind whose imports are printed otherwise still is a violation.
  for (const auto& [name, status] : report.gates) {
    if (status != GateStatus::kFail) continue;
    bool told = false;
    for (const Finding& finding : report.findings) told = told || finding.id == name;
    if (told) continue;
    Finding finding;
    finding.id = name;
    finding.title = "Contract broken: " + name;
    finding.severity = Severity::kHigh;
    finding.category = kLayerViolation;
    report.findings.push_back(std::move(finding));
  }
  return report;
}

}  // namespace plumbline::formats
