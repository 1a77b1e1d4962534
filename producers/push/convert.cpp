#include "producers/push/convert.h"

#include <algorithm>
#include <initializer_list>

#include "core/chain/verify_file.h"
#include "core/codec/json_writer.h"
#include "core/crypto/sha256.h"
#include "core/crypto/uuid5.h"
#include "core/limits.h"

namespace plumbline::push {
namespace {

using codec::JsonWriter;
using codec::PythonMember;
using codec::PythonObject;

// Line ends between tokens become spaces; within a string of valid JSON there are none.
std::string on_one_line(std::string_view json) {
  std::string line{json};
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\r', ' ');
  return line;
}

void add_name(JsonWriter& out, std::string_view member, std::string_view own, std::string_view said = {}) {
  const std::string_view value = own.empty() ? said : own;
  if (!value.empty()) out.member(member, value);
}

// Prompts, answers and explanations stay on the machine unless their operator opts in.
std::string decision_data(const PythonObject& entry, std::string_view line, bool include_content) {
  if (include_content) return std::string(line);
  std::vector<const PythonMember*> kept;
  for (const PythonMember& member : entry.members()) {
    if (member.name != "action_value" && member.name != "explanation") kept.push_back(&member);
  }
  std::sort(kept.begin(), kept.end(),
            [](const auto* a, const auto* b) { return a->raw.data() < b->raw.data(); });
  std::string data;
  JsonWriter out(data);
  out.open_object();
  for (const PythonMember* member : kept) out.key(member->name).raw(member->raw);
  out.close_object();
  return data;
}

// The first of the members that is a time, moved by the labels' shift.
TimeUs time_of(const PythonObject& document, std::initializer_list<std::string_view> members,
               const Labels& labels, TimeUs fallback) {
  for (const std::string_view member : members) {
    if (const auto time = parse_rfc3339(text_of(document, member)))
      return {time->value + labels.time_shift_us};
  }
  return fallback;
}

Event decision_event(const PythonObject& entry, std::string_view line, const Labels& labels, TimeUs fallback,
                     std::string_view name) {
  const std::string agent = labels.agent.empty() ? std::string(name) : labels.agent;
  std::string hash{text_of(entry, "hash")};
  if (hash.empty()) hash = crypto::to_hex(crypto::sha256(line));
  Event event;
  event.id = crypto::decision_id(agent, hash).value.to_string();
  JsonWriter out(event.line);
  out.open_object().member("id", event.id).member("kind", "decision");
  out.member("time", format_rfc3339(time_of(entry, {"timestamp"}, labels, fallback)));
  out.member("agent", agent);
  add_name(out, "session", text_of(entry, "session_id"));
  add_name(out, "repo", labels.repo);
  add_name(out, "branch", labels.branch);
  add_name(out, "commit", labels.commit);
  add_name(out, "version", labels.version);
  out.key("data").raw(decision_data(entry, line, labels.include_content)).close_object();
  return event;
}

// Where a report comes from. A document's own word goes first, then the user's; what the working tree says
// counts only for the repository that it is.
struct Origin {
  std::string repo, branch, commit, version, author;
};

Origin completed(Origin own, const Labels& labels) {
  const auto fill = [](std::string& into, const std::string& from) {
    if (into.empty()) into = from;
  };
  const bool of_tree = own.repo.empty() && (labels.repo.empty() || labels.repo == labels.git.repo);
  fill(own.repo, labels.repo);
  fill(own.branch, labels.branch);
  fill(own.commit, labels.commit);
  fill(own.version, labels.version);
  if (!of_tree) return own;
  fill(own.repo, labels.git.repo);
  fill(own.branch, labels.git.branch);
  fill(own.commit, labels.git.commit);
  if (own.commit == labels.git.commit) fill(own.author, labels.git.author);
  return own;
}

// `body` is the document as it came: with the origin and the time it makes the id; `data` is what is sent of
// it.
Event report_event(const Origin& origin, TimeUs at, std::string_view agent, std::string_view body,
                   std::string_view data) {
  Event event;
  event.report = true;
  event.id = crypto::report_id(origin.repo, origin.commit, at, body).value.to_string();
  JsonWriter out(event.line);
  out.open_object().member("id", event.id).member("kind", "report").member("time", format_rfc3339(at));
  out.member("agent", agent);
  add_name(out, "repo", origin.repo);
  add_name(out, "branch", origin.branch);
  add_name(out, "commit", origin.commit);
  add_name(out, "version", origin.version);
  add_name(out, "author", origin.author);
  out.key("data").raw(data).close_object();
  return event;
}

// `document` says repo, version, commit and time; for a bare report it is the report itself.
Event rigour_event(const PythonObject& document, std::string_view report, const Labels& labels,
                   TimeUs fallback) {
  const auto own = [&](std::string_view member) { return std::string(text_of(document, member)); };
  const Origin origin = completed({own("repo"), own("branch"), own("commit"), own("version"), ""}, labels);
  const TimeUs at = time_of(document, {"time", "timestamp"}, labels, fallback);
  return report_event(origin, at, labels.agent.empty() ? "rigour" : labels.agent, report,
                      on_one_line(report));
}

// A URL that a document names its repository by becomes owner/name, as the working tree's does.
std::string plain_repo(const std::string& repo) {
  return repo.find("://") == std::string::npos ? repo : repository_name(repo);
}

Result<Converted> convert_gate(formats::Format format, std::string_view text, const Labels& labels,
                               TimeUs fallback) {
  const auto report = formats::parse(format, text, labels.formats);
  if (!report) return poison("input", report.error().message);
  const Origin origin =
      completed({plain_repo(report->repo), report->branch, report->commit, report->version, ""}, labels);
  const TimeUs at = report->time ? TimeUs{report->time->value + labels.time_shift_us} : fallback;
  const std::string_view agent = labels.agent.empty() ? std::string_view(report->tool) : labels.agent;
  Converted converted;
  converted.events.push_back(
      report_event(origin, at, agent.substr(0, limits::kNameBytesMax), text, formats::report_data(*report)));
  converted.events.back().source_line = 1;
  return converted;
}

using LineConverter = std::optional<std::string> (*)(const PythonObject&, std::string_view, const Labels&,
                                                     TimeUs, std::string_view, Event&);

std::optional<std::string> convert_decision(const PythonObject& object, std::string_view line,
                                            const Labels& labels, TimeUs fallback, std::string_view name,
                                            Event& event) {
  event = decision_event(object, line, labels, fallback, name);
  return std::nullopt;
}

std::optional<std::string> convert_report_line(const PythonObject& object, std::string_view,
                                               const Labels& labels, TimeUs fallback, std::string_view,
                                               Event& event) {
  const PythonMember* report = object.find("report");
  if (report == nullptr || report->kind != PythonMember::Kind::kObject)
    return "it has no object named report";
  event = rigour_event(object, report->raw, labels, fallback);
  return std::nullopt;
}

std::optional<std::string> convert_native(const PythonObject& object, std::string_view line, const Labels&,
                                          TimeUs, std::string_view, Event& event) {
  event.id = text_of(object, "id");
  event.report = text_of(object, "kind") == "report";
  event.line = line;
  return std::nullopt;
}

Converted convert_lines(std::string_view text, const Labels& labels, TimeUs fallback, std::string_view name,
                        LineConverter converter) {
  Converted converted;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = without_outer_space(chain::next_line(text));
    if (line.empty()) continue;
    const auto object = PythonObject::parse(line);
    Event event;
    const auto refused = object ? converter(*object, line, labels, fallback, name, event)
                                : std::optional(object.error().message);
    if (refused) {
      converted.skipped.push_back({number, *refused});
      continue;
    }
    event.source_line = number;
    converted.events.push_back(std::move(event));
  }
  return converted;
}

Result<Converted> convert_report(std::string_view text, const Labels& labels, TimeUs fallback) {
  const std::string_view report = without_outer_space(text);
  const auto object = PythonObject::parse(report);
  if (!object) return poison("input", object.error().message);
  Converted converted;
  converted.events.push_back(rigour_event(*object, report, labels, fallback));
  converted.events.back().source_line = 1;
  return converted;
}

}  // namespace

Result<Converted> convert(Form form, std::string_view text, const Labels& labels, TimeUs written,
                          std::string_view name) {
  const TimeUs fallback = labels.time.value_or(written);
  if (form == Form::kAuto) {
    if (without_outer_space(text).empty()) return Converted{};
    const auto told = tell_form(text);
    if (!told)
      return poison("input",
                    "neither a Rigour report, an AtlasBridge trace, Plumbline's NDJSON nor SARIF, JUnit, "
                    "SonarQube, Scorecard, "
                    "dependency-cruiser or import-linter; say which with --kind");
    form = *told;
  }
  if (const auto format = gate_format(form)) return convert_gate(*format, text, labels, fallback);
  switch (form) {
    case Form::kRigour:
      return convert_report(text, labels, fallback);
    case Form::kRigourLines:
      return convert_lines(text, labels, fallback, name, convert_report_line);
    case Form::kAtlasBridge:
      return convert_lines(text, labels, fallback, name, convert_decision);
    case Form::kNative:
      return convert_lines(text, labels, fallback, name, convert_native);
    default:
      return poison("input", "no such form");
  }
}

}  // namespace plumbline::push
