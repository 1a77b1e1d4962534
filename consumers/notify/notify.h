// notify as the shared loop sees it: events of drift.v1 become deliveries, in the transaction of the
// position.
#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/loop/consumer.h"
#include "consumers/loop/dead_letters.h"
#include "consumers/notify/decode.h"
#include "consumers/notify/effects.h"
#include "consumers/notify/fold.h"
#include "consumers/notify/meters.h"
#include "consumers/notify/wake.h"
#include "core/clock.h"
#include "sinks/postgres/notify_intake.h"

namespace plumbline::notify {

// Not thread-safe: the loop's thread. References outlive it.
class Notify final : public loop::Consumer {
 public:
  Notify(log::Log& log, const Clock& clock, Meters& meters, Wake& wake, std::chrono::milliseconds age_max)
      : clock_(clock), meters_(meters), wake_(wake), age_max_(age_max), publisher_(log) {}

  [[nodiscard]] std::string_view name() const override { return kConsumer; }
  [[nodiscard]] std::vector<std::string> topics() const override;
  Status connected(pg::Connection& connection) override;
  Status assigned(pg::Connection& connection, std::span<const postgres::Position> positions) override;
  std::size_t fold(std::span<const loop::Input> inputs) override;
  Status prepare(pg::Connection& connection) override;
  Status apply(pg::Connection& connection) override;
  Result<bool> isolate(pg::Connection& connection, const Error& error) override;
  void committed() override;

 private:
  Status route(pg::Connection& connection, const Heard& heard);
  Status deliver(pg::Connection& connection, const postgres::NotifyRoute& to, const channel::Event& event);

  const Clock& clock_;
  Meters& meters_;
  Wake& wake_;
  std::chrono::milliseconds age_max_;
  loop::DeadPublisher publisher_;
  EventDecoder decoder_;
  Effects effects_;

  // Of the attempt under way.
  TimeUs now_;
  std::map<TenantId, std::vector<postgres::NotifyRoute>> routes_;
  std::vector<postgres::LaneName> lanes_;
  std::uint64_t routed_ = 0;
  std::uint64_t duplicates_ = 0;
  std::map<std::pair<std::string, bool>, std::uint64_t> made_;  // kind, skipped
};

}  // namespace plumbline::notify
