#include "core/formats/gate_report.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/codec/json_writer.h"
#include "core/codec/utf8.h"

namespace plumbline::formats {
namespace {

constexpr std::size_t kNameBytesMax = 512, kPathBytesMax = 4096, kDetailsBytesMax = 16384, kWordBytesMax = 64;
constexpr std::size_t kFilesMax = 1000, kGatesMax = 1000;

// At most `bytes`, without half a character at the end, and U+FFFD for what is no text: tools print names of
// files as they are. The schema counts characters, which are no more than bytes.
std::string cut(std::string_view text, std::size_t bytes) {
  std::string made;
  while (!text.empty()) {
    const std::size_t size = text.front() == '\0' ? 0 : codec::character_size(text);
    const std::string_view next = size == 0 ? codec::kReplacementCharacter : text.substr(0, size);
    if (made.size() + next.size() > bytes) break;
    made += next;
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return made;
}

std::string_view word(Severity severity) {
  constexpr std::string_view kWords[] = {"info", "low", "medium", "high", "critical"};
  return kWords[static_cast<std::size_t>(severity)];
}

std::string_view word(GateStatus status) {
  constexpr std::string_view kWords[] = {"PASS", "SKIP", "ERROR", "FAIL"};
  return kWords[static_cast<std::size_t>(status)];
}

std::string name_or(std::string_view text, std::string_view fallback) {
  return cut(text.empty() ? fallback : text, kNameBytesMax);
}

void write(codec::JsonWriter& out, const Finding& finding, std::string_view tool) {
  const std::string id = name_or(finding.id, "finding");
  out.open_object().member("id", id).member("title", name_or(finding.title, id));
  if (!finding.details.empty()) out.member("details", cut(finding.details, kDetailsBytesMax));
  out.member("severity", word(finding.severity));
  out.member("provenance", cut(tool.empty() ? "gate" : tool, kWordBytesMax));
  if (!finding.category.empty()) out.member("category", cut(finding.category, kNameBytesMax));
  out.key("files").open_array();
  for (std::size_t n = 0; n < std::min(finding.files.size(), kFilesMax); ++n)
    out.text(cut(finding.files[n], kPathBytesMax));
  out.close_array();
  constexpr std::int64_t kLineMax = 2147483647;
  if (finding.line > 0) out.member("line", std::min(finding.line, kLineMax));
  if (finding.end_line > 0) out.member("endLine", std::min(finding.end_line, kLineMax));
  out.close_object();
}

// Indexes of those that stay, in their order.
std::vector<std::size_t> kept(const std::vector<Finding>& findings) {
  std::vector<std::size_t> all(findings.size());
  for (std::size_t n = 0; n < all.size(); ++n) all[n] = n;
  if (all.size() <= kFindingsMax) return all;
  std::stable_sort(all.begin(), all.end(),
                   [&](std::size_t a, std::size_t b) { return findings[a].severity > findings[b].severity; });
  all.resize(kFindingsMax - 1);
  std::sort(all.begin(), all.end());
  return all;
}

// What was skipped says nothing beside what was not.
GateStatus worse(GateStatus a, GateStatus b) {
  if (a == GateStatus::kSkip || b == GateStatus::kSkip) return a == GateStatus::kSkip ? b : a;
  return std::max(a, b);
}

}  // namespace

GateStatus GateReport::status() const {
  GateStatus worst = GateStatus::kSkip;
  for (const auto& [name, status] : gates) worst = worse(worst, status);
  return worst;
}

void GateReport::gate(std::string_view name, GateStatus status) {
  for (auto& [known, had] : gates) {
    if (known != name) continue;
    had = worse(had, status);
    return;
  }
  gates.emplace_back(name, status);
}

std::string report_data(const GateReport& report) {
  std::string data;
  codec::JsonWriter out(data);
  out.open_object().member("status", word(report.status()));
  std::map<std::string, GateStatus> gates;  // names are cut, and a repeated key is no valid JSON here
  for (const auto& [name, status] : report.gates) {
    const auto [at, fresh] = gates.emplace(name_or(name, "gate"), status);
    if (!fresh) at->second = worse(at->second, status);
  }
  out.key("summary").open_object();
  std::size_t written = 0;
  for (const auto& [name, status] : gates) {
    if (++written <= kGatesMax) out.member(name, word(status));
  }
  out.close_object().key("failures").open_array();
  const auto indexes = kept(report.findings);
  for (const std::size_t n : indexes) write(out, report.findings[n], report.tool);
  if (indexes.size() < report.findings.size()) {
    Finding more;
    more.id = "more-findings";
    more.title =
        std::to_string(report.findings.size() - indexes.size()) + " findings more, less severe, are left out";
    more.severity = Severity::kInfo;
    write(out, more, report.tool);
  }
  out.close_array();
  if (report.score) {
    const double score = std::clamp(*report.score, 0.0, 100.0);
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, score, std::chars_format::fixed, 2).ptr;
    out.key("stats")
        .open_object()
        .key("score")
        .raw({text, static_cast<std::size_t>(end - text)})
        .close_object();
  }
  out.close_object();
  return data;
}

}  // namespace plumbline::formats
