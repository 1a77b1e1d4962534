// The health role: one member of the consumer group "health" with a thread and a connection of its own, and a
// second thread that settles what waits for persist. Start more of them, here or in other processes, to
// spread the partitions.
#pragma once
#include <mutex>
#include <optional>
#include <thread>

#include "consumers/health/health.h"
#include "consumers/health/settle.h"
#include "consumers/loop/loop.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"

namespace plumbline::health {

// References must outlive it. start and stop from one thread; healthy is thread-safe.
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
  // Tests and tools drive it turn by turn instead of start(): records committed, then lines settled.
  Result<std::size_t> step(const std::stop_token& stop = {}) { return loop_.step(stop); }
  Result<std::size_t> settle() { return settler_.step(); }

 private:
  void run_settler(const std::stop_token& stop);

  Health health_;
  loop::Loop loop_;
  Settler settler_;
  mutable std::mutex mutex_;
  std::optional<Error> unsettled_;
  std::jthread thread_;
  std::jthread settling_;
};

}  // namespace plumbline::health
