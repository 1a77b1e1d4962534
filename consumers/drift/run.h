// The drift role: one member of the consumer group "drift", with a thread and a connection of its own, a
// thread that publishes to drift.v1, and one that watches for silence. Start more of them, here or in other
// processes, to spread the partitions.
#pragma once
#include <memory>
#include <thread>

#include "consumers/drift/drift.h"
#include "consumers/drift/publisher.h"
#include "consumers/drift/watch.h"
#include "consumers/loop/loop.h"
#include "core/clock.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"

namespace plumbline::drift {

// References must outlive it. start and stop from one thread; healthy is thread-safe.
class DriftRole {
 public:
  DriftRole(const config::Drift& options, const config::Postgres& postgres, log::Log& log, const Clock& clock,
            telemetry::Metrics& metrics);
  ~DriftRole();
  DriftRole(const DriftRole&) = delete;
  DriftRole& operator=(const DriftRole&) = delete;

  void start();
  // Finishes the transaction under way, publishes what it recorded if the log takes it, leaves the group and
  // joins the threads. Idempotent.
  void stop();
  // Why it can't go on at the moment: PostgreSQL or the log unreachable, a partition stopped after a loss.
  [[nodiscard]] Status healthy() const;
  // Tests and tools drive it turn by turn instead of start(): consumes, then publishes what there is.
  Result<std::size_t> step(const std::stop_token& stop = {});
  // As step: looks for silence and changed policies once. False: another process does.
  Result<bool> watch() { return watch_.turn(); }

 private:
  Publisher publisher_;
  DriftConsumer drift_;
  loop::Loop loop_;
  Watch watch_;
  std::jthread loop_thread_;
  std::jthread publisher_thread_;
  std::jthread watch_thread_;
};

}  // namespace plumbline::drift
