// The drift role: members of the consumer group "drift" (drift.threads), each with a thread and a connection
// of its own, a thread that publishes to drift.v1, and one that watches for silence. Other processes may run
// more of them.
#pragma once
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

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
  // Finishes the transactions under way, publishes what it recorded if the log takes it, leaves the group and
  // joins the threads. Idempotent.
  void stop();
  // Why it can't go on at the moment: PostgreSQL or the log unreachable, a partition stopped after a loss.
  [[nodiscard]] Status healthy() const;
  // Tests and tools drive it turn by turn instead of start(). The first member consumes, then what there is
  // is published; alone it owns every partition.
  Result<std::size_t> step(const std::stop_token& stop = {});
  // The two turns by themselves, for one thread a member and one that publishes: records committed, events
  // published (`everywhere`: also what another process or a crash left).
  Result<std::size_t> consume(std::size_t member, const std::stop_token& stop = {});
  Result<std::size_t> publish(bool everywhere = true) { return publisher_.turn(everywhere); }
  // As step: looks for silence and changed policies once. False: another process does.
  Result<bool> watch() { return watch_.turn(); }

 private:
  struct Member {
    Member(const config::Drift& options, const config::Postgres& postgres, log::Log& log, const Clock& clock,
           telemetry::Metrics& metrics, Publisher& publisher, int number);
    DriftConsumer drift;
    loop::Loop loop;
    std::jthread thread;
  };

  Publisher publisher_;
  std::vector<std::unique_ptr<Member>> members_;
  Watch watch_;
  std::jthread publisher_thread_;
  std::jthread watch_thread_;
};

}  // namespace plumbline::drift
