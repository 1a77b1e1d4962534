// Metrics of the consumer.
#pragma once
#include <string>

#include "consumers/drift/drift.h"
#include "core/telemetry/metrics.h"

namespace plumbline::drift {

struct DriftConsumer::Meters {
  explicit Meters(telemetry::Metrics& all)
      : metrics(all),
        reports(all.counter("plumbline_drift_reports_total", "Reports taken into a history")),
        late(all.counter("plumbline_drift_reports_late_total", "Of these: behind newer ones")),
        copies(all.counter("plumbline_drift_reports_known_total",
                           "Reports read that were in a history already")),
        skipped(all.counter("plumbline_drift_reports_skipped_total",
                            "Reports of no history: without repository, unreadable, or older than is kept")) {
  }

  telemetry::Counter& events(const std::string& type) {
    return metrics.counter("plumbline_drift_events_total", "Events found", {{"type", type}});
  }

  telemetry::Metrics& metrics;
  telemetry::Counter& reports;
  telemetry::Counter& late;
  telemetry::Counter& copies;
  telemetry::Counter& skipped;
};

}  // namespace plumbline::drift
