#include "producers/agent/sessions.h"

#include <algorithm>
#include <optional>

#include "core/codec/json_writer.h"
#include "core/crypto/uuid5.h"
#include "core/limits.h"

namespace plumbline::agent {
namespace {

constexpr std::string_view kNamespaceUrl = "https://plumbline.dev/ns/session";

// SQLite's datetime('now') gives "2026-11-02 09:00:00" in UTC, Python's isoformat() RFC 3339.
std::optional<TimeUs> time_of(std::string text) {
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  if (const auto time = parse_rfc3339(text)) return time;
  return parse_rfc3339(text + "Z");
}

bool has_ended(const std::string& status) {
  return status == "completed" || status == "crashed" || status == "canceled";
}

std::string event_of(const SessionRow& row, const StoreOptions& options, std::string_view event,
                     TimeUs time) {
  std::string data;
  codec::JsonWriter of_data(data);
  of_data.open_object().member("event", event);
  if (!row.tool.empty()) of_data.member("tool", row.tool);
  if (event != "start") {
    of_data.member("status", row.status).key("counts").open_object();
    of_data.member("prompts", row.prompts).member("replies", row.replies).member("expired", row.expired);
    of_data.member("failed", row.failed).member("canceled", row.canceled).close_object();
  }
  of_data.close_object();
  static const Uuid kNamespace = crypto::uuid5(crypto::kUrlNamespace, kNamespaceUrl);
  const std::string when = format_rfc3339(time);
  const Uuid id = crypto::uuid5(kNamespace, options.agent + "\n" + row.id + "\n" + when + "\n" + data);
  std::string line;
  codec::JsonWriter out(line);
  out.open_object().member("id", id.to_string()).member("kind", "session").member("time", when);
  out.member("agent", options.agent)
      .member("session", std::string_view(row.id).substr(0, limits::kNameBytesMax));
  if (!options.repo.empty()) out.member("repo", options.repo);
  out.key("data").raw(data).close_object();
  return line;
}

}  // namespace

std::vector<std::string> session_events(const SessionRow& row, const StoreOptions& options) {
  const auto started = time_of(row.started_at);
  if (!started || row.id.empty()) return {};
  std::vector<std::string> events{event_of(row, options, "start", *started)};
  const bool ended = has_ended(row.status);
  auto last = time_of(row.last_prompt_at);
  if (ended) {
    if (const auto at = time_of(row.ended_at)) last = at;
  }
  if (!ended && row.prompts == 0) return events;
  events.push_back(
      event_of(row, options, ended ? "end" : "heartbeat", std::max(*started, last.value_or(*started))));
  return events;
}

void Sessions::poll(std::chrono::steady_clock::time_point now) {
  if (now < next_) return;
  next_ = now + options_.interval;
  state_.error.clear();
  const auto rows = read_sessions(options_.path);
  if (!rows) {
    state_.error = rows.error().message;
    return;
  }
  state_.sessions = static_cast<std::int64_t>(rows->size());
  std::map<std::string, std::string> sent;
  std::vector<std::string> fresh;
  for (const SessionRow& row : *rows) {
    std::string all;
    const auto events = session_events(row, options_);
    for (const std::string& event : events) all += event;
    const auto at = sent_.find(row.id);
    if (at == sent_.end() || at->second != all) fresh.insert(fresh.end(), events.begin(), events.end());
    sent.emplace(row.id, std::move(all));
  }
  if (!fresh.empty()) {
    const Taken taken = intake_.take(fresh);
    if (!taken.status) {
      state_.error = taken.status.error().message;
      return;  // all of it again next time
    }
    state_.taken += static_cast<std::int64_t>(taken.accepted);
    for (const Refused& one : taken.refused)
      rejected_.add(one.reason, options_.path.string() + ": " + one.detail);
  }
  sent_ = std::move(sent);
}

}  // namespace plumbline::agent
