// Metrics of persist: the store's side of the ledger, over all tenants.
#pragma once
#include "consumers/persist/persist.h"
#include "core/telemetry/metrics.h"

namespace plumbline::persist {

struct Persist::Meters {
  explicit Meters(telemetry::Metrics& all)
      : stored(outcome(all, "stored")),
        duplicate(outcome(all, "duplicate")),
        conflict(outcome(all, "conflict")),
        dead(outcome(all, "dead")),
        holes(all.counter("plumbline_persist_log_holes_total", "Frames whose number is missing in the log")),
        erased(all.counter("plumbline_persist_erased_total", "Records of erased tenants, passed over")) {}

  void add(const postgres::LedgerCounts& counts) {
    stored.add(static_cast<std::uint64_t>(counts.stored));
    duplicate.add(static_cast<std::uint64_t>(counts.duplicate));
    conflict.add(static_cast<std::uint64_t>(counts.conflict));
    dead.add(static_cast<std::uint64_t>(counts.dead));
  }

  static telemetry::Counter& outcome(telemetry::Metrics& all, const char* word) {
    return all.counter("plumbline_persist_traces_total", "Traces by what became of them",
                       {{"outcome", word}});
  }

  telemetry::Counter& stored;
  telemetry::Counter& duplicate;
  telemetry::Counter& conflict;
  telemetry::Counter& dead;
  telemetry::Counter& holes;
  telemetry::Counter& erased;
};

}  // namespace plumbline::persist
