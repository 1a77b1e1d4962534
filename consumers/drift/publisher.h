// What was recorded leaves for drift.v1: at once after the commit, and by looking around for what a crash or
// another process left. Lanes' locks are held from reading to the log's ack, so events of a key leave in
// order; a crash between ack and mark publishes an event twice, with the same id.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <stop_token>
#include <vector>

#include "core/clock.h"
#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/trouble.h"
#include "sinks/postgres/drift_outbox.h"

namespace plumbline::drift {

// One thread works on it (run, or turn by a test); wake and healthy are thread-safe. References outlive it.
class Publisher final : private log::AckListener {
 public:
  Publisher(pg::ConnectOptions postgres, log::Log& log, const Clock& clock, telemetry::Metrics& metrics);
  ~Publisher() override;

  void wake(const std::set<std::int16_t>& lanes);
  // Until stop is requested.
  void run(const std::stop_token& stop);
  // Publishes what there is; `everywhere`: also what nobody woke it for. Returns the events published. Lanes
  // that another process works on are kept for the next turn.
  Result<std::size_t> turn(bool everywhere);
  [[nodiscard]] Status healthy() const;

 private:
  void on_acks(std::span<const log::Ack> acks) noexcept override;
  Status ensure_ready();
  // One transaction: a share of each lane. Takes from `lanes` those that hold no more.
  Result<std::size_t> publish_some(std::set<std::int16_t>& lanes, std::set<std::int16_t>& busy);
  using Rows = std::vector<const postgres::DriftOutboxRow*>;
  // Adds to `done` what the log took durably.
  Status publish_wave(const Rows& wave, Rows& done);
  void note(const Status& status);

  pg::ConnectOptions postgres_;
  log::Log& log_;
  const Clock& clock_;
  telemetry::Counter& published_;
  telemetry::Counter& failures_;
  std::optional<pg::Connection> connection_;
  std::minstd_rand jitter_{std::random_device{}()};

  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  std::set<std::int16_t> lanes_;
  std::optional<Error> unhealthy_;
  telemetry::Trouble trouble_{"drift_publish_failed"};

  std::mutex acks_mutex_;
  std::condition_variable acked_;
  std::uint64_t first_token_ = 0;  // of the wave under way: late acks of an earlier one are ignored
  std::uint64_t next_token_ = 0;
  std::size_t answered_ = 0;
  std::set<std::uint64_t> durable_;
  std::unique_ptr<log::Producer> producer_;  // last: its destructor still delivers acks
};

}  // namespace plumbline::drift
