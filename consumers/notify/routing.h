// Which event goes to which route, and what becomes of a delivery whose turn it is. Pure.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/time.h"
#include "sinks/channel/channel.h"
#include "sinks/postgres/notify_queue.h"
#include "sinks/postgres/notify_routes.h"

namespace plumbline::notify {

// `*` any characters but '/', `**` any characters, `?` one character but '/'; everything else is itself.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

// The filter of a route: repository (of an event without one: the agent), least severity, event type.
[[nodiscard]] bool wants(const postgres::NotifyRoute& route, const channel::Event& event);

// Why a delivery of the event to a route that wants it is recorded as skipped at once; empty: it is sent.
[[nodiscard]] std::string_view skip_reason(const postgres::NotifyRoute& route, const channel::Event& event,
                                           TimeUs now, std::chrono::milliseconds age_max);
// Muted at that moment.
[[nodiscard]] bool muted(const postgres::NotifyRoute& route, TimeUs now);

// What to do with a candidate whose time has come.
struct Send {};
struct Skip {
  std::string_view reason;
};
struct GiveUp {
  std::string_view reason;
};
struct Defer {
  TimeUs until;
};
using Decision = std::variant<Send, Skip, GiveUp, Defer>;
[[nodiscard]] Decision decide(const postgres::Candidate& candidate, TimeUs now,
                              std::chrono::milliseconds age_max);

// Exponential backoff with jitter: first * 2^(attempt - 1), at most `most`, times 0.5 to 1 by `share` in
// [0, 1]; never less than what the other side asked for, which is taken up to a day.
[[nodiscard]] std::chrono::milliseconds backoff(std::int64_t attempt, std::chrono::milliseconds first,
                                                std::chrono::milliseconds most,
                                                std::optional<std::chrono::milliseconds> asked, double share);

// A route with nothing but failures is disabled after so many attempts and so long.
inline constexpr std::int64_t kDisableAttemptsMin = 10;
[[nodiscard]] bool should_disable(const postgres::RouteHealth& health, TimeUs now,
                                  std::chrono::milliseconds after);

}  // namespace plumbline::notify
