// health as the shared loop sees it: the fold of fold.h in the middle, PostgreSQL at the rim.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "consumers/health/effects.h"
#include "consumers/health/fold.h"
#include "consumers/health/state.h"
#include "consumers/loop/consumer.h"
#include "core/clock.h"
#include "core/codec/form_decoder.h"
#include "core/telemetry/metrics.h"
#include "sinks/postgres/health_windows.h"

namespace plumbline::health {

// Fingerprints one member keeps over all its partitions: at most about 70 MiB with their pieces, and twenty
// minutes of 800 traces a second. What is older is asked of persist, so the number changes the cost and never
// the counts.
inline constexpr std::size_t kWindowLines = std::size_t{1} << 20;

// Not thread-safe: the loop's thread.
class Health final : public loop::Consumer {
 public:
  // `member` tells members of one process apart in metrics.
  Health(const Clock& clock, telemetry::Metrics& metrics, std::size_t lines_max,
         std::size_t window_lines = kWindowLines, int member = 0);
  ~Health() override;

  [[nodiscard]] std::string_view name() const override { return kConsumer; }
  [[nodiscard]] std::vector<std::string> topics() const override;
  Status connected(pg::Connection& connection) override;
  Status assigned(pg::Connection& connection, std::span<const postgres::Position> positions) override;
  void revoked(std::span<const log::TopicPartition> partitions) override;
  Status refresh(pg::Connection& connection) override;
  std::size_t fold(std::span<const loop::Input> inputs) override;
  Status prepare(pg::Connection& /*connection*/) override { return ok_status(); }
  Status apply(pg::Connection& connection) override;
  // Nothing in a batch is PostgreSQL's to refuse: names are bounded, keys are hashes, sums are integers.
  Result<bool> isolate(pg::Connection&, const Error&) override { return false; }
  void committed() override;

 private:
  struct Meters;
  Status load_window(pg::Connection& connection, const postgres::WindowKey& key);
  Status load_tenants(pg::Connection& connection);
  void plan_drops();

  const Clock& clock_;
  std::size_t lines_max_;
  std::size_t window_lines_;
  std::unique_ptr<Meters> meters_;
  codec::FormDecoder decoder_;
  State state_;
  Effects effects_;
  std::map<postgres::WindowKey, Window::Tail> drops_;  // what the windows lose with these effects
  postgres::WindowSession session_;
  std::chrono::steady_clock::time_point tenants_at_;  // when state_.erased and state_.floors were read
};

}  // namespace plumbline::health
