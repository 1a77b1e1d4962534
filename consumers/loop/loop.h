// The loop every consumer shares: poll a batch, fold, apply, commit. State, rows, ledger and positions are
// written in one PostgreSQL transaction, fenced by an epoch for each partition; what the log remembers of the
// group is only a hint.
//
//   PostgreSQL down      the batch is tried again with jittered backoff: the partition waits, nothing is
//   dropped in doubt at COMMIT   the position row says whether it happened; never repeated blindly stale
//   epoch          nothing is committed; the member leaves the group and joins anew position lost recorded as
//   a loss, an alarm, that partition stops until an operator resumes it; others go on poison the consumer's
//   isolate turns it into dead letters; the partition goes on
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "consumers/loop/consumer.h"
#include "core/clock.h"
#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/trouble.h"

namespace plumbline::loop {

struct Options {
  std::size_t batch_bytes_max = std::size_t{32} << 20;
  std::chrono::milliseconds poll_wait{50};
  std::chrono::milliseconds backoff_max{5000};
  // run() lets so much time pass after a small batch, so that the next one is worth its transaction; 0: none.
  std::chrono::milliseconds rest{0};
  int member = 0;  // tells members of one process apart in metrics
  pg::ConnectOptions postgres;
};

// One member of the group, one thread, one connection; run more of them to scale. Only healthy() is
// thread-safe.
class Loop final : private log::AssignmentListener {
 public:
  Loop(Consumer& consumer, log::Log& log, const Clock& clock, telemetry::Metrics& metrics, Options options);
  ~Loop() override;

  // Until stop is requested. Leaves the group on return.
  void run(const std::stop_token& stop);
  // One turn: connect and join if need be, poll, and see the polled records through. Returns how many records
  // were committed; an error is what keeps it from going on now (run backs off and tries again).
  Result<std::size_t> step(const std::stop_token& stop);
  // Why it does not go on at the moment: PostgreSQL or the log unreachable, a partition stopped after a loss.
  [[nodiscard]] Status healthy() const;

 private:
  enum class Outcome { kCommitted, kFenced, kStopped };
  struct Meters;
  // What is known of how far a partition is behind.
  struct Behind {
    TimeUs received_at;   // of the newest record committed; 0: none yet
    TimeUs caught_up_at;  // when nothing was behind it last; 0: never seen so
  };

  Result<std::vector<log::StartPosition>> on_assigned(
      std::span<const log::TopicPartition> partitions) override;
  void on_revoked(std::span<const log::TopicPartition> partitions) override;

  Status ensure_connected();
  Status ensure_joined();
  Result<postgres::Position> claim(const log::TopicPartition& at, log::StartPosition* start);
  std::size_t choose(std::span<const log::ReadRecord> records);
  Result<std::size_t> see_through(const std::stop_token& stop);
  void plan_advances(std::size_t done, std::size_t taken);
  Outcome commit_until(const std::stop_token& stop);
  Result<bool> try_commit();
  Result<bool> settle_doubt(const std::stop_token& stop);
  void leave();
  void wait(const std::stop_token& stop);
  static void pause(const std::stop_token& stop, std::chrono::microseconds time);
  void note(const Error& error);
  void note_in_hand(std::span<const Input> inputs);
  void report_lag();
  void report_owned();

  Consumer& consumer_;
  log::Log& log_;
  const Clock& clock_;
  Options options_;
  std::unique_ptr<Meters> meters_;
  std::optional<pg::Connection> connection_;
  std::unique_ptr<log::Reader> reader_;
  std::map<log::TopicPartition, postgres::Position> owned_;
  std::map<log::TopicPartition, Behind> behind_;
  std::vector<Input> inputs_;
  std::vector<postgres::Advance> advances_;
  std::chrono::steady_clock::time_point lag_reported_{};
  std::minstd_rand jitter_{std::random_device{}()};
  int failures_ = 0;
  telemetry::Trouble trouble_;

  mutable std::mutex health_mutex_;
  std::optional<Error> unhealthy_;
  std::string lost_;
};

}  // namespace plumbline::loop
