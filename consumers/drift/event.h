// Events as records of drift.v1 (schemas/topics/drift.v1.json).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "consumers/drift/timeline.h"
#include "core/time.h"

namespace plumbline::drift {

// The value of its record.
[[nodiscard]] std::string body_of(const Stream& stream, const Event& event, TimeUs recorded_at);
// <tenant>/<repo or agent>
[[nodiscard]] std::string key_of(const TenantId& tenant, std::string_view name);

// What the watch finds about a repository or an agent.
struct WatchEvent {
  Uuid id;
  TenantId tenant;
  std::string type;  // repo.silent, repo.reporting, agent.silent, agent.reporting, policy.changed
  bool is_agent = false;
  std::string name;
  TimeUs time;
  bool notify = true;
  std::optional<TimeUs> silent_since;
  std::int64_t gap_s = 0;  // of *.silent: how often it used to report
  std::string policy_from, policy_to;
};
[[nodiscard]] std::string body_of(const WatchEvent& event, TimeUs recorded_at);
// Id of what happened once to a name at a moment that the data tell.
[[nodiscard]] Uuid watch_event_id(const TenantId& tenant, std::string_view type, std::string_view name,
                                  std::string_view what);

// "3 d", "5 h", "12 min", "40 s": for people.
[[nodiscard]] std::string span_text(std::int64_t seconds);

}  // namespace plumbline::drift
