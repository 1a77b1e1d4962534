#include "consumers/notify/routing.h"

#include <algorithm>

namespace plumbline::notify {
namespace {

using std::chrono::milliseconds;

std::int64_t us(milliseconds duration) {
  return std::chrono::microseconds(duration).count();
}

}  // namespace

// Greedy with one place to come back to for each kind of star: linear times the number of stars.
bool glob_matches(std::string_view pattern, std::string_view text) {
  struct Star {
    std::size_t pattern = std::string_view::npos;  // behind the star
    std::size_t text = 0;                          // what it has taken so far ends here
  };
  Star one, two;
  std::size_t p = 0, t = 0;
  for (;;) {
    if (p < pattern.size() && pattern[p] == '*') {
      const bool deep = p + 1 < pattern.size() && pattern[p + 1] == '*';
      p += deep ? 2 : 1;
      (deep ? two : one) = {p, t};
      if (deep) one = {};
      continue;
    }
    if (t == text.size() && p == pattern.size()) return true;
    if (t < text.size() && p < pattern.size() &&
        (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
      ++p;
      ++t;
      continue;
    }
    if (one.pattern != std::string_view::npos && one.text < text.size() && text[one.text] != '/') {
      t = ++one.text;
      p = one.pattern;
      continue;
    }
    if (two.pattern == std::string_view::npos || two.text >= text.size()) return false;
    t = ++two.text;
    p = two.pattern;
    one = {};
  }
}

bool wants(const postgres::NotifyRoute& route, const channel::Event& event) {
  const auto least = channel::parse_severity(route.severity_min).value_or(channel::Severity::kInfo);
  if (event.severity < least) return false;
  const auto type = [&](const std::string& wanted) { return wanted == "*" || wanted == event.type; };
  if (std::none_of(route.events.begin(), route.events.end(), type)) return false;
  if (route.repos.empty()) return true;
  const std::string& subject = event.repo.empty() ? event.agent : event.repo;
  return std::any_of(route.repos.begin(), route.repos.end(),
                     [&](const std::string& glob) { return glob_matches(glob, subject); });
}

bool muted(const postgres::NotifyRoute& route, TimeUs now) {
  if (route.muted_until.empty()) return false;
  const auto until = parse_rfc3339(route.muted_until);
  return !until || now < *until;  // what is no time is "infinity"
}

std::string_view skip_reason(const postgres::NotifyRoute& route, const channel::Event& event, TimeUs now,
                             milliseconds age_max) {
  if (route.status == "disabled") return "route disabled";
  if (muted(route, now)) return "route muted";
  if (now.value - event.recorded_at.value > us(age_max)) return "older than notify.age_max";
  return {};
}

Decision decide(const postgres::Candidate& c, TimeUs now, milliseconds age_max) {
  const postgres::Delivery& d = c.delivery;
  if (!c.route) return Skip{"route removed"};
  if (c.tenant_status == "erased") return Skip{"tenant erased"};
  const bool asked_for = d.content == "test";
  if (c.route->status == "disabled" && !asked_for) return Skip{"route disabled"};
  if (c.unsubscribed) return Skip{"unsubscribed"};
  if (c.muted && !asked_for) return Skip{"route muted"};
  // A digest or quiet hours may have held it back for a day.
  const bool held = d.content == "digest" || !c.route->quiet_from.empty();
  const auto most = us(age_max) + (held ? us(milliseconds(86'400'000)) : 0);
  if (d.attempts > 0 && now.value - d.created_at.value > most) {
    return GiveUp{"not delivered within notify.age_max"};
  }
  if (c.quiet_until && !d.urgent && !asked_for) return Defer{*c.quiet_until};
  return Send{};
}

milliseconds backoff(std::int64_t attempt, milliseconds first, milliseconds most,
                     std::optional<milliseconds> asked, double share) {
  constexpr milliseconds kAskedMost{86'400'000};
  const auto steps = std::clamp<std::int64_t>(attempt - 1, 0, 40);
  milliseconds pause = first;
  for (std::int64_t i = 0; i < steps && pause < most; ++i) pause *= 2;
  pause = std::min(pause, most);
  const double part = 0.5 + 0.5 * std::clamp(share, 0.0, 1.0);
  pause = milliseconds(static_cast<std::int64_t>(static_cast<double>(pause.count()) * part));
  return asked ? std::max(pause, std::min(*asked, kAskedMost)) : pause;
}

bool should_disable(const postgres::RouteHealth& health, TimeUs now, milliseconds after) {
  return health.status != "disabled" && health.status != "removed" &&
         health.failures >= kDisableAttemptsMin && now.value - health.failing_since.value >= us(after);
}

}  // namespace plumbline::notify
