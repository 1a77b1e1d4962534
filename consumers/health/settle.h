// Lines that may repeat one which is not remembered any more wait in health_pending until persist has passed
// them; then persist's tables tell: a line counts when its very address was stored.
#pragma once
#include <cstddef>
#include <optional>

#include "core/codec/decoder.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/telemetry/metrics.h"

namespace plumbline::health {

// Any number of them may work on one database. Not thread-safe; a connection of its own.
class Settler {
 public:
  Settler(pg::ConnectOptions postgres, telemetry::Metrics& metrics);
  // Settles some of what persist has passed, in one transaction. Returns how many lines; 0: nothing is due.
  Result<std::size_t> step();

 private:
  Result<std::size_t> settle();

  pg::ConnectOptions postgres_;
  std::optional<pg::Connection> connection_;
  codec::Decoder decoder_;
  telemetry::Counter& counted_;
  telemetry::Counter& dropped_;
};

}  // namespace plumbline::health
