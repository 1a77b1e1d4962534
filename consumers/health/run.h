// The health role: members of the consumer group "health" (health.threads), each with a thread and a
// connection of its own, and a thread that settles what waits for persist. Other processes may run more of
// them.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "consumers/health/health.h"
#include "consumers/health/settle.h"
#include "consumers/loop/loop.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"

namespace plumbline::health {

// References must outlive it. start and stop from one thread; healthy is thread-safe. The members share
// `window_lines`.
class HealthRole {
 public:
  HealthRole(const config::Health& options, const config::Postgres& postgres, log::Log& log,
             const Clock& clock, telemetry::Metrics& metrics, std::size_t window_lines = kWindowLines);
  ~HealthRole();
  HealthRole(const HealthRole&) = delete;
  HealthRole& operator=(const HealthRole&) = delete;

  void start();
  // Finishes the transactions under way, leaves the group and joins the threads. Idempotent.
  void stop();
  // Why it can't go on at the moment: PostgreSQL or the log unreachable, a partition stopped after a loss.
  [[nodiscard]] Status healthy() const;
  // Tests and tools drive members turn by turn instead of start(), each from one thread: records committed.
  // The first alone owns every partition.
  Result<std::size_t> step(std::size_t member = 0) { return members_.at(member)->loop.step({}); }
  // Lines settled.
  Result<std::size_t> settle() { return settler_.step(); }

 private:
  void run_settler(const std::stop_token& stop);

  struct Member {
    Member(const config::Health& options, const config::Postgres& postgres, log::Log& log, const Clock& clock,
           telemetry::Metrics& metrics, std::size_t window_lines, int number);
    Health health;
    loop::Loop loop;
    std::jthread thread;
  };
  std::vector<std::unique_ptr<Member>> members_;
  Settler settler_;
  mutable std::mutex mutex_;
  std::optional<Error> unsettled_;
  std::jthread settling_;
};

}  // namespace plumbline::health
