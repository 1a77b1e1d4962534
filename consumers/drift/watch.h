// The watch: who used to report and fell silent, who is back, and which agent follows another policy. A
// periodic job beside the loop, one process at a time.
//
// A usual gap is learned from each one's own history: the longest gap between two reports, halved with every
// 14 days since, so that a weekend counts until the next one. Silent is who has not been heard of for three
// times that, at least silence_min, at most silence_max; only who reported for silence_min, with three gaps,
// is expected to. Nobody is called silent while the log still holds what was not read.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "consumers/drift/event.h"
#include "core/clock.h"
#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/drift_store.h"
#include "sinks/postgres/drift_watch.h"

namespace plumbline::drift {

struct WatchOptions {
  std::chrono::microseconds silence_min{}, silence_max{}, notify_age_max{}, history{};
  std::chrono::milliseconds interval{};
};

// Pure. Change `known` to what is known now; an event where there is one.
[[nodiscard]] std::optional<WatchEvent> judge(const postgres::DriftWatched& watched, TimeUs now,
                                              bool caught_up, const WatchOptions& options,
                                              postgres::DriftWatchRow& known);
[[nodiscard]] std::optional<WatchEvent> judge(const postgres::DriftPolicy& policy, TimeUs now,
                                              const WatchOptions& options, postgres::DriftWatchRow& known);

// One thread works on it. References outlive it.
class Watch {
 public:
  // `found` is told, after the commit, which lanes of the outbox have something.
  Watch(pg::ConnectOptions postgres, log::Log& log, const Clock& clock, WatchOptions options,
        std::function<void(const std::set<std::int16_t>&)> found);
  // Until stop is requested.
  void run(const std::stop_token& stop);
  // Looks around once. False: another process does.
  Result<bool> turn();

 private:
  Status look(std::vector<WatchEvent>& events);
  [[nodiscard]] bool caught_up(std::string_view consumer, std::string_view topic);

  pg::ConnectOptions postgres_;
  log::Log& log_;
  const Clock& clock_;
  WatchOptions options_;
  std::function<void(const std::set<std::int16_t>&)> found_;
  std::optional<pg::Connection> connection_;
  postgres::DriftSession session_;  // of the connection
  std::optional<TimeUs> pruned_at_;
};

}  // namespace plumbline::drift
