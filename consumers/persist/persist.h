// persist as the shared loop sees it: the fold of fold.h in the middle, PostgreSQL and dead.v1 at the rim.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "consumers/loop/consumer.h"
#include "consumers/loop/dead_letters.h"
#include "consumers/persist/decode.h"
#include "consumers/persist/effects.h"
#include "consumers/persist/fold.h"
#include "consumers/persist/state.h"
#include "core/clock.h"
#include "core/outcome.h"
#include "core/telemetry/metrics.h"

namespace plumbline::persist {

// Not thread-safe: the loop's thread.
class Persist final : public loop::Consumer {
 public:
  Persist(log::Log& log, const Clock& clock, telemetry::Metrics& metrics, std::size_t rows_max);
  ~Persist() override;

  [[nodiscard]] std::string_view name() const override { return kConsumer; }
  [[nodiscard]] std::vector<std::string> topics() const override;
  Status connected(pg::Connection& connection) override;
  Status assigned(pg::Connection& connection, std::span<const postgres::Position> positions) override;
  Status refresh(pg::Connection& connection) override;
  std::size_t fold(std::span<const loop::Input> inputs) override;
  Status prepare(pg::Connection& connection) override;
  Status apply(pg::Connection& connection) override;
  Result<bool> isolate(pg::Connection& connection, const Error& error) override;
  void committed() override;

 private:
  struct Meters;
  // One thing that PostgreSQL may refuse by itself: a trace or a report.
  struct Unit {
    bool report = false;
    std::uint32_t at = 0;
  };

  Status store(pg::Connection& connection, std::span<const Unit> units);
  Status store_reports(pg::Connection& connection, std::span<const std::uint32_t> chosen);
  Status try_units(pg::Connection& connection, std::span<const Unit> units);
  Status bisect(pg::Connection& connection, std::span<const Unit> units, std::size_t& found);
  std::vector<Unit> living() const;
  Verdict& kill(const Unit& unit);

  void tally();
  void add_letter(const Frame& frame, std::int32_t index, const Verdict& why, std::string_view body);
  void count_traces();
  void count_reports();
  Status load_tenants(pg::Connection& connection);
  void kill_below_floors();
  Status drop_old_sequences(pg::Connection& connection);

  const Clock& clock_;
  std::size_t rows_max_;
  std::unique_ptr<Meters> meters_;
  loop::DeadPublisher publisher_;
  LineDecoder decoder_;
  postgres::TraceStore store_;
  State state_;
  Effects effects_;
  bool partitions_retried_ = false;
  TimeUs pruned_at_;
  std::chrono::steady_clock::time_point tenants_at_;  // when state_.erased and state_.floors were read
  bool floors_moved_ = false;                         // since the fold

  // Of the attempt under way.
  std::vector<std::uint32_t> chosen_;
  std::vector<StoreOutcome> trace_outcomes_;
  std::vector<StoreOutcome> report_outcomes_;
  std::map<postgres::LedgerKey, postgres::LedgerCounts> ledger_;
  std::vector<postgres::DeadLetter> letters_;      // to dead.v1 and to a row
  std::vector<postgres::DeadLetter> row_letters_;  // to a row only
};

}  // namespace plumbline::persist
