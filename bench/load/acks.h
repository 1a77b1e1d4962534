// Counts what a log acknowledges. A record that is not durable ends the measurement: its figures would be
// wrong.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <span>

#include "core/log/log.h"
#include "tests/support/process/process.h"

namespace plumbline::bench {

// Thread-safe.
class Acks final : public log::AckListener {
 public:
  void on_acks(std::span<const log::Ack> acks) noexcept override {
    for (const log::Ack& ack : acks) {
      if (ack.status != log::Ack::Status::kDurable) std::terminate();
    }
    done_.fetch_add(acks.size());
  }
  // Until `count` were acknowledged in all.
  void wait(std::uint64_t count) const {
    if (!test::wait_for([this, count] { return done_.load() >= count; })) std::terminate();
  }

 private:
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace plumbline::bench
