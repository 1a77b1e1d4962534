// What a batch comes to.
#pragma once
#include <cstdint>
#include <set>
#include <vector>

#include "sinks/postgres/health_sums.h"
#include "sinks/postgres/health_windows.h"

namespace plumbline::health {

struct Effects {
  postgres::HealthSums sums;
  std::vector<postgres::PendingLine> pending;  // views borrow from the polled batch
  std::set<postgres::WindowKey> windows;       // that have fresh fingerprints
  std::uint64_t counted = 0;
  std::uint64_t repeated = 0;
  std::uint64_t replayed = 0;  // records of a replay: counted long ago
  std::uint64_t poison = 0;    // lines that persist dead-letters
  std::uint64_t erased = 0;    // records of erased tenants

  void clear() {
    sums.clear();
    pending.clear();
    windows.clear();
    counted = repeated = replayed = poison = erased = 0;
  }
};

}  // namespace plumbline::health
