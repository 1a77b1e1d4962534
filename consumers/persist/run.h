// The persist role: one member of the consumer group "persist", with a thread and a connection of its own.
// Start more of them, here or in other processes, to spread the partitions.
#pragma once
#include <memory>
#include <thread>

#include "consumers/loop/loop.h"
#include "consumers/persist/persist.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"

namespace plumbline::persist {

// References must outlive it. start and stop from one thread; healthy is thread-safe.
class PersistRole {
 public:
  PersistRole(const config::Persist& options, const config::Postgres& postgres, log::Log& log,
              const Clock& clock, telemetry::Metrics& metrics);
  ~PersistRole();
  PersistRole(const PersistRole&) = delete;
  PersistRole& operator=(const PersistRole&) = delete;

  void start();
  // Finishes the transaction under way, leaves the group and joins the thread. Idempotent.
  void stop();
  // Why it can't go on at the moment: PostgreSQL or the log unreachable, a partition stopped after a loss.
  [[nodiscard]] Status healthy() const { return loop_.healthy(); }
  // Tests and tools drive it turn by turn instead of start().
  Result<std::size_t> step(const std::stop_token& stop = {}) { return loop_.step(stop); }

 private:
  Persist persist_;
  loop::Loop loop_;
  std::jthread thread_;
};

}  // namespace plumbline::persist
