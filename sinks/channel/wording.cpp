#include "sinks/channel/wording.h"

#include <algorithm>

namespace plumbline::channel {
namespace {

constexpr std::size_t kNameBytes = 200;

// Length of the UTF-8 character at `at`; 0 when there is none.
std::size_t character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t n) { return static_cast<std::uint8_t>(text[n]); };
  const std::uint8_t first = byte(at);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xc2 && first < 0xe0 ? 2
                           : (first & 0xf0) == 0xe0        ? 3
                           : first >= 0xf0 && first < 0xf5 ? 4
                                                           : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t n = 1; n < size; ++n) {
    if ((byte(at + n) & 0xc0) != 0x80) return 0;
  }
  if (size == 3 && ((first == 0xe0 && byte(at + 1) < 0xa0) || (first == 0xed && byte(at + 1) >= 0xa0)))
    return 0;
  if (size == 4 && ((first == 0xf0 && byte(at + 1) < 0x90) || (first == 0xf4 && byte(at + 1) >= 0x90)))
    return 0;
  return size;
}

std::string tamed(std::string_view text, std::size_t bytes, bool lines) {
  constexpr std::string_view kEllipsis = "\u2026";
  std::string out;
  std::size_t whole = 0;  // where the ellipsis would go
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character(text, at);
    std::string_view next = size == 0 ? std::string_view("?") : text.substr(at, size);
    const auto c = static_cast<std::uint8_t>(next.front());
    if ((c < 0x20 || c == 0x7f) && !(lines && c == '\n')) next = " ";
    if (out.size() + next.size() > bytes) {
      out.resize(whole);
      return out += kEllipsis;
    }
    out += next;
    if (out.size() + kEllipsis.size() <= bytes) whole = out.size();
    at += std::max<std::size_t>(size, 1);
  }
  return out;
}

std::string place_of(const Event& event) {
  std::string place = event.repo.empty() ? event.agent : event.repo;
  if (!event.branch.empty()) place += " (" + event.branch + ")";
  return tame_line(place, kNameBytes);
}

std::string count_of(std::int64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string title_of(const Event& event) {
  const std::string place = place_of(event);
  const std::string violations = count_of(event.violations_total, "new layer violation");
  if (event.type == "drift.opened")
    return "Drift in " + place + (event.violations_total > 0 ? ": " + violations : "");
  if (event.type == "drift.updated") return "Drift in " + place + " goes on: " + violations;
  if (event.type == "drift.resolved") return "Resolved: drift in " + place;
  if (event.type == "gate.failed") return "Gate fails in " + place;
  if (event.type == "gate.recovered") return "Gate passes again in " + place;
  if (event.type == "repo.silent") return "No reports from " + place;
  if (event.type == "repo.reporting") return place + " reports again";
  if (event.type == "agent.silent") return "Agent " + place + " fell silent";
  if (event.type == "agent.reporting") return "Agent " + place + " is back";
  if (event.type == "policy.changed") return "Policy of " + place + " changed";
  return tame_line(event.type, kNameBytes) + ": " + place;
}

bool is_good(const Event& event) {
  return event.type == "drift.resolved" || event.type == "gate.recovered" || event.type == "repo.reporting" ||
         event.type == "agent.reporting";
}

// Ten digits name a commit to people; other revisions stay whole.
std::string short_commit(std::string_view commit) {
  const bool hash =
      commit.size() >= 20 && commit.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return tame_line(hash ? commit.substr(0, 10) : commit, kNameBytes);
}

void add_facts(const Event& event, Wording& into) {
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) into.facts.emplace_back(name, std::move(value));
  };
  add("Repository", tame_line(event.repo, kNameBytes));
  add("Branch", tame_line(event.branch, kNameBytes));
  add("Agent", tame_line(event.agent, kNameBytes));
  add("Commit", short_commit(event.commit));
  add("Version", tame_line(event.version, kNameBytes));
  add("Severity", std::string(word(event.severity)));
  add("When", person_time(event.time));
  if (event.passing_since && event.time.value > event.passing_since->value)
    add("Passed before for", person_duration(event.time.value - event.passing_since->value));
  if (event.previous) {
    std::string last = short_commit(event.previous->commit);
    if (!event.previous->version.empty())
      last += (last.empty() ? "" : ", ") + tame_line(event.previous->version, kNameBytes);
    add(is_good(event) ? "Before" : "Last good", last);
  }
  if (event.policy)
    add("Policy", tame_line(event.policy->from, 64) + " \u2192 " + tame_line(event.policy->to, 64));
  if (event.silent_since) add("Last seen", person_time(*event.silent_since));
}

std::string finding_of(const Violation& violation) {
  std::string text = tame_line(violation.title.empty() ? violation.id : violation.title, 300);
  if (!violation.id.empty() && violation.id != violation.title)
    text += " [" + tame_line(violation.id, 100) + "]";
  constexpr std::size_t kFilesShown = 3;
  for (std::size_t n = 0; n < std::min(violation.files.size(), kFilesShown); ++n)
    text += (n == 0 ? " in " : ", ") + tame_line(violation.files[n], 300);
  if (violation.files.size() > kFilesShown)
    text += " and " + count_of(static_cast<std::int64_t>(violation.files.size() - kFilesShown), "more file");
  return text;
}

void add_event(const Event& event, Wording& into) {
  into.title = title_of(event);
  into.summary = tame_line(event.summary, 1000);
  into.good = is_good(event);
  add_facts(event, into);
  for (const Violation& violation : event.violations) into.findings.push_back(finding_of(violation));
  const auto listed = static_cast<std::int64_t>(event.violations.size());
  into.more = std::max<std::int64_t>(0, event.violations_total - listed);
}

void add_digest(const Message& message, Wording& into) {
  into.title =
      count_of(message.events_total, "event") + " (" + tame_line(message.digest_period, 20) + " digest)";
  for (const Event& event : message.events)
    into.findings.push_back(person_time(event.time) + "  " + title_of(event));
  const auto listed = static_cast<std::int64_t>(message.events.size());
  into.more = std::max<std::int64_t>(0, message.events_total - listed);
}

}  // namespace

std::string tame(std::string_view text, std::size_t bytes) {
  return tamed(text, bytes, true);
}

std::string tame_line(std::string_view text, std::size_t bytes) {
  return tamed(text, bytes, false);
}

std::string person_time(TimeUs time) {
  const std::string text = format_rfc3339(time);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

std::string person_duration(std::int64_t us) {
  const std::int64_t minutes = us / 60000000;
  if (minutes < 1) return "less than a minute";
  const std::int64_t days = minutes / 1440, hours = minutes / 60 % 24;
  if (days > 0) return count_of(days, "day") + (hours > 0 ? " " + count_of(hours, "hour") : "");
  if (hours > 0)
    return count_of(hours, "hour") + (minutes % 60 > 0 ? " " + count_of(minutes % 60, "minute") : "");
  return count_of(minutes, "minute");
}

Wording wording_of(const Message& message) {
  Wording made;
  if (message.content == Content::kEvent && !message.events.empty()) {
    add_event(message.events.front(), made);
  } else if (message.content == Content::kDigest) {
    add_digest(message, made);
  } else if (message.notice) {
    made.title = tame_line(message.notice->title, kNameBytes);
    made.summary = tame(message.notice->text, 2000);
  }
  if (message.resend)
    made.resend = "Sent again: an earlier attempt may have arrived, its outcome is unknown.";
  return made;
}

}  // namespace plumbline::channel
