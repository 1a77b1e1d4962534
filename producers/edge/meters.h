// What the edge counts. Labels are few and bounded: never a tenant, an agent or a key.
#pragma once
#include <array>
#include <string>

#include "core/telemetry/metrics.h"
#include "producers/edge/outcomes.h"

namespace plumbline::edge {

struct Meters {
  explicit Meters(telemetry::Metrics& all)
      : accepted(traces(all, "accepted", "")),
        producer_rebuilds(all.counter("plumbline_edge_producer_rebuilds_total",
                                      "Log producers made anew after a fatal error")),
        outcomes_failed(all.counter("plumbline_edge_outcomes_failed_total",
                                    "Records of outcomes.v1 that were not confirmed; sent again")),
        connections(all.gauge("plumbline_edge_connections", "Open connections")),
        inflight_bytes(all.gauge("plumbline_edge_inflight_bytes", "Bodies admitted and not answered yet")),
        log_bytes(
            all.gauge("plumbline_edge_log_outstanding_bytes", "Frames appended and not acknowledged yet")),
        buckets(all.gauge("plumbline_edge_rate_buckets", "Token buckets kept")),
        ack_seconds(
            all.histogram("plumbline_edge_ack_seconds", "From a request's append to its last frame's ack",
                          {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30})) {
    for (std::size_t i = 0; i < by_class.size(); ++i) {
      by_class[i] = &all.counter("plumbline_edge_requests_total", "Requests answered, by status class",
                                 {{"class", std::to_string(i + 1) + "xx"}});
    }
    for (std::size_t i = 0; i < rejected.size(); ++i) {
      rejected[i] = &traces(all, "rejected", std::string(plumbline::to_word(static_cast<RejectReason>(i))));
    }
    for (std::size_t i = 0; i < refused.size(); ++i) {
      refused[i] = &traces(all, "refused", std::string(to_word(static_cast<Refused>(i))));
    }
  }

  void answered(int status) { by_class[static_cast<std::size_t>(status / 100 - 1)]->add(); }
  void count(std::uint64_t accepted_traces, const RejectCounts& counts) {
    accepted.add(accepted_traces);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] != 0) rejected[i]->add(counts[i]);
    }
  }

  telemetry::Counter& accepted;
  std::array<telemetry::Counter*, 5> by_class{};
  std::array<telemetry::Counter*, static_cast<std::size_t>(RejectReason::kCount_)> rejected{};
  std::array<telemetry::Counter*, static_cast<std::size_t>(Refused::kCount_)> refused{};
  telemetry::Counter& producer_rebuilds;
  telemetry::Counter& outcomes_failed;
  telemetry::Gauge& connections;
  telemetry::Gauge& inflight_bytes;
  telemetry::Gauge& log_bytes;
  telemetry::Gauge& buckets;
  telemetry::Histogram& ack_seconds;

 private:
  static telemetry::Counter& traces(telemetry::Metrics& all, std::string outcome, std::string reason) {
    return all.counter("plumbline_edge_traces_total", "Authenticated traces by what became of them",
                       {{"outcome", std::move(outcome)}, {"reason", std::move(reason)}});
  }
};

}  // namespace plumbline::edge
