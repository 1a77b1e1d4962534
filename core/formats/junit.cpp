// JUnit XML, as Ant, Maven Surefire, Gradle, pytest and the JavaScript runners write it: testsuite elements,
// maybe nested, of testcase elements with failure, error or skipped in them. ArchUnit's failures are
// architecture violations.
#include <charconv>

#include <pugixml.hpp>

#include "core/formats/parsers.h"

namespace plumbline::formats {
namespace {

// More than any real nesting of suites; bounds the recursion.
constexpr int kSuitesDepthMax = 32;

std::string_view first_line(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  text.remove_prefix(first);
  return text.substr(0, text.find_first_of("\r\n"));
}

// "2026-11-21T08:00:00" without an offset is UTC, as Surefire writes it.
std::optional<TimeUs> time_of(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return *time;
  return parse_rfc3339(std::string(text) + "Z");
}

// ArchUnit says so in every message: Architecture Violation [Priority: MEDIUM] - Rule '…' was violated (3
// times):
bool is_architecture(std::string_view message) {
  return message.find("Architecture Violation [Priority:") != std::string_view::npos;
}

Severity priority_of(std::string_view message) {
  return message.find("[Priority: LOW]") != std::string_view::npos ? Severity::kMedium : Severity::kHigh;
}

// ArchUnit ends each violation with "(File.java:12)".
void place_architecture(std::string_view message, Finding& finding) {
  for (std::size_t open = message.find('('); open != std::string_view::npos;
       open = message.find('(', open + 1)) {
    const std::size_t close = message.find(')', open), colon = message.find(':', open);
    if (close == std::string_view::npos || colon == std::string_view::npos || colon > close) continue;
    std::int64_t line = 0;
    const char* end = message.data() + close;
    if (std::from_chars(message.data() + colon + 1, end, line).ptr != end) continue;
    std::string file(message.substr(open + 1, colon - open - 1));
    if (file.empty() || file.find(' ') != std::string::npos) continue;
    if (finding.line == 0) finding.line = line;
    if (finding.files.empty() || finding.files.back() != file) finding.files.push_back(std::move(file));
  }
}

void add_failure(const pugi::xml_node& test, const pugi::xml_node& failure, std::string_view suite,
                 GateReport& report) {
  Finding finding;
  const std::string_view type = test.attribute("classname").as_string();
  finding.id = type.empty() ? suite : type;
  const std::string_view message = failure.attribute("message").as_string();
  const std::string_view body = failure.child_value();
  finding.details = body.empty() ? message : body;
  finding.severity = Severity::kHigh;
  const std::string_view told = is_architecture(message) ? message : body;
  if (is_architecture(told)) {
    finding.category = kLayerViolation;
    finding.severity = priority_of(told);
    finding.title = first_line(told);
    place_architecture(told, finding);
  } else {
    finding.title = test.attribute("name").as_string();
  }
  if (const std::string_view file = test.attribute("file").as_string();
      !file.empty() && finding.files.empty()) {
    finding.files.emplace_back(file);
    finding.line = test.attribute("line").as_llong();
  }
  report.findings.push_back(std::move(finding));
}

void add_test(const pugi::xml_node& test, std::string_view suite, GateReport& report) {
  GateStatus status = GateStatus::kPass;
  for (const pugi::xml_node& child : test.children()) {
    const std::string_view name = child.name();
    if (name == "skipped") status = GateStatus::kSkip;
    if (name != "failure" && name != "error") continue;
    add_failure(test, child, suite, report);
    status = GateStatus::kFail;
  }
  report.gate(suite, status);
}

void add_suite(const pugi::xml_node& suite, int depth, GateReport& report) {
  std::string_view name = suite.attribute("name").as_string();
  if (name.empty()) name = "tests";
  if (const auto time = time_of(suite.attribute("timestamp").as_string());
      time && (!report.time || report.time->value < time->value)) {
    report.time = *time;
  }
  for (const pugi::xml_node& child : suite.children()) {
    const std::string_view kind = child.name();
    if (kind == "testcase") add_test(child, name, report);
    if (kind == "testsuite" && depth < kSuitesDepthMax) add_suite(child, depth + 1, report);
  }
}

}  // namespace

Result<GateReport> parse_junit(std::string_view text) {
  pugi::xml_document document;  // reads no external entity and no document type
  const auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed)
    return poison("invalid_xml",
                  std::string(parsed.description()) + " at byte " + std::to_string(parsed.offset));
  GateReport report;
  report.tool = "junit";
  const pugi::xml_node root = document.document_element();
  const std::string_view name = root.name();
  if (name != "testsuites" && name != "testsuite")
    return poison("input",
                  "JUnit: the root element is <" + std::string(name) + ">, not testsuites or testsuite");
  if (name == "testsuite") add_suite(root, 0, report);
  for (const pugi::xml_node& suite : root.children("testsuite")) {
    if (name == "testsuites") add_suite(suite, 0, report);
  }
  return report;
}

}  // namespace plumbline::formats
