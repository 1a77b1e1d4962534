// Removes rows that are older than their tenant's retention, once in a while, beside the members of the role.
// Of all processes one does it at a time.
#pragma once
#include <chrono>
#include <thread>

#include "core/clock.h"
#include "core/pg/connection.h"
#include "core/telemetry/metrics.h"
#include "sinks/postgres/retention.h"

namespace plumbline::persist {

// start and stop from one thread; sweep only while it is not started. References must outlive it.
class Sweeper {
 public:
  // An interval of 0: start() does nothing.
  Sweeper(pg::ConnectOptions postgres, std::chrono::milliseconds interval, const Clock& clock,
          telemetry::Metrics& metrics);
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

  void start();
  void request_stop() { thread_.request_stop(); }
  void stop();
  // One sweep, on a connection of its own.
  Result<postgres::Removed> sweep(const std::stop_token& stop = {});

 private:
  void run(const std::stop_token& stop);

  pg::ConnectOptions postgres_;
  const std::chrono::milliseconds interval_;
  const Clock& clock_;
  telemetry::Counter& traces_;
  telemetry::Counter& reports_;
  telemetry::Counter& dead_letters_;
  telemetry::Counter& days_;
  telemetry::Counter& failures_;
  std::jthread thread_;
};

}  // namespace plumbline::persist
