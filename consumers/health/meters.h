// Metrics of health.
#pragma once
#include <string>

#include "consumers/health/health.h"
#include "core/telemetry/metrics.h"

namespace plumbline::health {

struct Health::Meters {
  Meters(telemetry::Metrics& all, int member)
      : counted(lines(all, "counted")),
        repeated(lines(all, "repeated")),
        pending(lines(all, "pending")),
        poison(lines(all, "poison")),
        replayed(all.counter("plumbline_health_replayed_total", "Records of a replay, passed over")),
        erased(all.counter("plumbline_health_erased_total", "Records of erased tenants, passed over")),
        window(all.gauge(
            "plumbline_health_window_lines", "Counted lines whose fingerprints are kept",
            member == 0 ? telemetry::Labels{} : telemetry::Labels{{"member", std::to_string(member)}})) {}

  static telemetry::Counter& lines(telemetry::Metrics& all, const char* word) {
    return all.counter(
        "plumbline_health_lines_total",
        "Lines by what became of them; pending: may repeat an old one, persist's word is waited for",
        {{"outcome", word}});
  }

  telemetry::Counter& counted;
  telemetry::Counter& repeated;
  telemetry::Counter& pending;
  telemetry::Counter& poison;
  telemetry::Counter& replayed;
  telemetry::Counter& erased;
  telemetry::Gauge& window;
};

}  // namespace plumbline::health
