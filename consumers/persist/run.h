// The persist role: members of the consumer group "persist" (persist.threads), each with a thread and a
// connection of its own. Other processes may run more of them.
#pragma once
#include <memory>
#include <thread>
#include <vector>

#include "consumers/loop/loop.h"
#include "consumers/persist/persist.h"
#include "consumers/persist/sweeper.h"
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
  // Finishes the transactions under way, leaves the group and joins the threads. Idempotent.
  void stop();
  // Why it can't go on at the moment: PostgreSQL or the log unreachable, a partition stopped after a loss.
  [[nodiscard]] Status healthy() const;
  // Tests and tools drive the first member turn by turn instead of start(); alone, it owns every partition.
  Result<std::size_t> step(const std::stop_token& stop = {}) { return members_.front()->loop.step(stop); }

 private:
  struct Member {
    Member(const config::Persist& options, log::Log& log, const Clock& clock, telemetry::Metrics& metrics,
           loop::Options loop_options)
        : persist(log, clock, metrics, static_cast<std::size_t>(options.batch_records_max)),
          loop(persist, log, clock, metrics, std::move(loop_options)) {}
    Persist persist;
    loop::Loop loop;
    std::jthread thread;
  };
  std::vector<std::unique_ptr<Member>> members_;
  Sweeper sweeper_;
};

}  // namespace plumbline::persist
