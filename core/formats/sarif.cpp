// SARIF 2.1.0 (OASIS Standard, 27 March 2020). Section numbers below are its own.
#include <algorithm>
#include <charconv>

#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

using codec::JsonValue;
using Kind = JsonValue::Kind;

std::size_t index_of(const JsonValue& value) {
  const auto number = value.number();
  return number && *number >= 0 && *number < 1e9 ? static_cast<std::size_t>(*number) : SIZE_MAX;
}

// 3.52.3: the rule of a result, by index or by id, in the driver or in the extension it names. A hierarchical
// id
// ("a/b") belongs to rule "a" when there is no rule of the whole name (3.5.4).
const JsonValue& rule_of(const JsonValue& run, const JsonValue& result, std::string_view id) {
  const JsonValue* component = &run["tool"]["driver"];
  const std::size_t extension = index_of(result["rule"]["toolComponent"]["index"]);
  if (extension != SIZE_MAX) component = &run["tool"]["extensions"].at(extension);
  std::size_t index = index_of(result["ruleIndex"]);
  if (index == SIZE_MAX) index = index_of(result["rule"]["index"]);
  const JsonValue& rules = (*component)["rules"];
  if (index < rules.items().size()) return rules.at(index);
  for (std::string_view name = id; !name.empty();) {
    for (const JsonValue& rule : rules.items()) {
      if (rule["id"].text() == name) return rule;
    }
    const std::size_t slash = name.rfind('/');
    if (slash == std::string_view::npos) break;
    name = name.substr(0, slash);
  }
  return rules.at(SIZE_MAX);
}

// 3.11.5: "{0}" stands for an argument, "{{" for a brace.
std::string filled(std::string_view text, const JsonValue& arguments) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == '{' || c == '}') && at + 1 < text.size() && text[at + 1] == c) {
      out += c;
      ++at;
      continue;
    }
    const std::size_t end = c == '{' ? text.find('}', at) : std::string_view::npos;
    std::size_t index = 0;
    if (end != std::string_view::npos &&
        std::from_chars(text.data() + at + 1, text.data() + end, index).ptr == text.data() + end &&
        end > at + 1) {
      out += arguments.at(index).text();
      at = end;
      continue;
    }
    out += c;
  }
  return out;
}

std::string message_of(const JsonValue& result, const JsonValue& rule, const JsonValue& run) {
  const JsonValue& message = result["message"];
  std::string_view text = message["text"].text();
  const std::string_view id = message["id"].text();
  if (text.empty() && !id.empty()) text = rule["messageStrings"][id]["text"].text();
  if (text.empty() && !id.empty()) text = run["tool"]["driver"]["globalMessageStrings"][id]["text"].text();
  if (text.empty()) text = message["markdown"].text();
  return filled(text, message["arguments"]);
}

// GitHub's reading of the property "security-severity" (its code scanning documentation), else the level
// (3.27.10).
Severity severity_of(const JsonValue& result, const JsonValue& rule) {
  const JsonValue& said = rule["properties"]["security-severity"];
  double number = said.number().value_or(-1);
  if (!said.text().empty()) {
    const std::string_view text = said.text();
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{}) number = -1;
  }
  if (number > 0) {
    return number >= 9   ? Severity::kCritical
           : number >= 7 ? Severity::kHigh
           : number >= 4 ? Severity::kMedium
                         : Severity::kLow;
  }
  std::string_view level = result["level"].text();
  if (level.empty()) level = rule["defaultConfiguration"]["level"].text();
  if (level == "error") return Severity::kHigh;
  if (level == "note") return Severity::kLow;
  if (level == "none") return Severity::kInfo;
  return Severity::kMedium;
}

// 3.27.9, 3.27.24 and 3.35: what is no failure, is gone, or was suppressed and not refused.
bool counts(const JsonValue& result) {
  const std::string_view kind = result["kind"].text();
  if (!kind.empty() && kind != "fail") return false;
  if (result["baselineState"].text() == "absent") return false;
  const auto& suppressions = result["suppressions"].items();
  return std::none_of(suppressions.begin(), suppressions.end(), [](const JsonValue& suppression) {
    const std::string_view status = suppression["status"].text();
    return status.empty() || status == "accepted";
  });
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// A URI reference (RFC 3986) as a path.
std::string path_of(std::string_view uri) {
  if (uri.starts_with("file://")) uri.remove_prefix(7);
  std::string path;
  for (std::size_t at = 0; at < uri.size(); ++at) {
    if (uri[at] == '%' && at + 2 < uri.size() && hex(uri[at + 1]) >= 0 && hex(uri[at + 2]) >= 0) {
      path += static_cast<char>(hex(uri[at + 1]) * 16 + hex(uri[at + 2]));
      at += 2;
    } else {
      path += uri[at];
    }
  }
  return path;
}

void place(const JsonValue& run, const JsonValue& result, Finding& finding) {
  for (const JsonValue& location : result["locations"].items()) {
    const JsonValue& physical = location["physicalLocation"];
    const JsonValue& artifact = physical["artifactLocation"];
    std::string_view uri = artifact["uri"].text();
    if (uri.empty()) uri = run["artifacts"].at(index_of(artifact["index"]))["location"]["uri"].text();
    if (!uri.empty()) finding.files.push_back(path_of(uri));
    if (finding.line == 0) {
      finding.line = static_cast<std::int64_t>(physical["region"]["startLine"].number().value_or(0));
      finding.end_line = static_cast<std::int64_t>(physical["region"]["endLine"].number().value_or(0));
    }
  }
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

Finding finding_of(const JsonValue& run, const JsonValue& result) {
  Finding finding;
  std::string_view id = result["ruleId"].text();
  if (id.empty()) id = result["rule"]["id"].text();
  const JsonValue& rule = rule_of(run, result, id);
  if (id.empty()) id = rule["id"].text();
  finding.id = id;
  finding.details = message_of(result, rule, run);
  std::string_view title = rule["shortDescription"]["text"].text();
  if (title.empty()) title = rule["name"].text();
  if (title.empty()) title = first_line(finding.details);
  finding.title = title;
  finding.severity = severity_of(result, rule);
  if (is_layer_rule(id) || is_layer_rule(rule["name"].text())) finding.category = kLayerViolation;
  place(run, result, finding);
  return finding;
}

void add_facts(const JsonValue& run, GateReport& report) {
  const JsonValue& source = run["versionControlProvenance"].at(0);
  if (report.repo.empty()) report.repo = source["repositoryUri"].text();
  if (report.commit.empty()) report.commit = source["revisionId"].text();
  if (report.branch.empty()) report.branch = source["branch"].text();
  for (const JsonValue& invocation : run["invocations"].items()) {
    std::string_view text = invocation["endTimeUtc"].text();
    if (text.empty()) text = invocation["startTimeUtc"].text();
    if (const auto time = parse_rfc3339(text); time && (!report.time || report.time->value < time->value))
      report.time = *time;
  }
}

void add_run(const JsonValue& run, const Options& options, GateReport& report) {
  std::string name(run["tool"]["driver"]["name"].text());
  if (name.empty()) name = "sarif";
  if (report.tool.empty()) report.tool = name;
  GateStatus status = GateStatus::kPass;
  for (const JsonValue& invocation : run["invocations"].items()) {
    if (invocation["executionSuccessful"].boolean() == false) status = GateStatus::kError;
  }
  for (const JsonValue& result : run["results"].items()) {
    if (!counts(result)) continue;
    report.findings.push_back(finding_of(run, result));
    if (report.findings.back().severity >= options.fail_at) status = GateStatus::kFail;
  }
  // 3.14.23: no results at all (not an empty list) means that the run did not look.
  if (status == GateStatus::kPass && !run.has("results")) status = GateStatus::kSkip;
  report.gate(name, status);
  add_facts(run, report);
}

}  // namespace

Result<GateReport> parse_sarif(const JsonValue& root, const Options& options) {
  if (!root["runs"].is(Kind::kArray)) return poison("input", "SARIF: the document has no array named runs");
  const std::string_view version = root["version"].text();
  if (!version.starts_with("2.1"))
    return poison("input", "SARIF: version is \"" + std::string(version) + "\", only 2.1.0 is read");
  GateReport report;
  for (const JsonValue& run : root["runs"].items()) add_run(run, options, report);
  return report;
}

}  // namespace plumbline::formats
