// What the workers of an edge share. Everything here is thread-safe or constant.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "core/clock.h"
#include "core/config/config.h"
#include "core/http/server.h"
#include "core/keys/keyring.h"
#include "core/log/log.h"
#include "core/telemetry/metrics.h"
#include "producers/edge/admit.h"
#include "producers/edge/log_state.h"
#include "producers/edge/meters.h"

namespace plumbline::edge {

// Frames appended and not acknowledged: kept well below either backend's queue (64 MiB by default), so that
// the log refuses nothing after a sequence number was given out, which would look like a hole.
inline constexpr std::int64_t kLogBytesOutstandingMax = std::int64_t{40} << 20;

struct Shared {
  Shared(const config::Edge& given, log::Log& the_log, keys::Keyring& keys, Clock& now,
         telemetry::Metrics& all)
      : config(given),
        log(the_log),
        keyring(keys),
        clock(now),
        metrics(all),
        meters(all),
        budget(given.inflight_bytes_max) {}

  const config::Edge config;
  log::Log& log;
  keys::Keyring& keyring;
  Clock& clock;
  telemetry::Metrics& metrics;
  Meters meters;
  http::Budget budget;  // request bodies, as sent and as unpacked
  http::Budget log_budget{kLogBytesOutstandingMax};
  Admitter admitter;
  LogState log_state;

  // Drain: every worker publishes its last outcomes and says so.
  std::atomic<bool> flush{false};
  std::mutex flushed_mutex;
  std::condition_variable flushed_changed;
  int flushed = 0;  // workers, under flushed_mutex
};

}  // namespace plumbline::edge
