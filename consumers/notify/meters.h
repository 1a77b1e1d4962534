// Metrics of notify, over all tenants.
#pragma once
#include <string>

#include "core/telemetry/metrics.h"
#include "sinks/channel/channel.h"

namespace plumbline::notify {

struct Meters {
  explicit Meters(telemetry::Metrics& metrics)
      : all(metrics),
        routed(event(metrics, "routed")),
        duplicate(event(metrics, "duplicate")),
        muted(event(metrics, "muted")),
        replayed(event(metrics, "replayed")),
        dead(event(metrics, "dead")),
        orphans(metrics.counter("plumbline_notify_orphans_total",
                                "Messages whose sender ended before it recorded an outcome")),
        disabled(metrics.counter("plumbline_notify_routes_disabled_total", "Routes disabled after failures")),
        open(metrics.gauge("plumbline_notify_queue_deliveries", "Deliveries that are not finished")),
        oldest(
            metrics.gauge("plumbline_notify_oldest_due_seconds", "Age of the oldest delivery that is due")),
        failing(metrics.gauge("plumbline_notify_routes_failing", "Routes whose last attempts failed")),
        disabled_now(metrics.gauge("plumbline_notify_routes_disabled", "Routes that are disabled")),
        seconds(metrics.histogram("plumbline_notify_send_seconds", "One attempt to send",
                                  {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30})) {
    // Series that start at 0 instead of with their first event: a rate over them sees that one too.
    for (const char* kind : {"slack_webhook", "slack_app", "email", "webhook"}) {
      for (const char* outcome :
           {"delivered", "retry", "rejected", "unknown", "skipped", "failed", "deferred"})
        delivery(kind, outcome);
    }
  }

  static telemetry::Counter& event(telemetry::Metrics& metrics, const char* word) {
    return metrics.counter("plumbline_notify_events_total", "Events of drift.v1 by what became of them",
                           {{"outcome", word}});
  }
  // outcome: delivered, retry, rejected, unknown, skipped, failed, deferred.
  telemetry::Counter& delivery(const std::string& kind, const char* outcome) {
    return all.counter("plumbline_notify_deliveries_total",
                       "Attempts and decisions by outcome and kind of route",
                       {{"kind", kind}, {"outcome", outcome}});
  }

  telemetry::Metrics& all;
  telemetry::Counter& routed;
  telemetry::Counter& duplicate;
  telemetry::Counter& muted;
  telemetry::Counter& replayed;
  telemetry::Counter& dead;
  telemetry::Counter& orphans;
  telemetry::Counter& disabled;
  telemetry::Gauge& open;
  telemetry::Gauge& oldest;
  telemetry::Gauge& failing;
  telemetry::Gauge& disabled_now;
  telemetry::Histogram& seconds;
};

}  // namespace plumbline::notify
