// Metrics of one loop.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "consumers/loop/loop.h"
#include "core/clock.h"
#include "core/telemetry/metrics.h"

namespace plumbline::loop {

struct Loop::Meters {
  Meters(telemetry::Metrics& all, const Clock& clock, const std::string& consumer, int member)
      : metrics(all),
        label{{"consumer", consumer}},
        records(all.counter("plumbline_consumer_records_total", "Records of the log committed", label)),
        batches(all.counter("plumbline_consumer_batches_total", "Transactions committed", label)),
        failures(all.counter("plumbline_consumer_failures_total", "Attempts that failed and were backed off",
                             label)),
        fenced(all.counter("plumbline_consumer_fenced_total",
                           "Batches dropped because another member owns the partition", label)),
        in_doubt(all.counter("plumbline_consumer_in_doubt_total", "Connections lost inside COMMIT", label)),
        assigned(all.gauge("plumbline_consumer_partitions_assigned", "Partitions that the member reads",
                           of_member(consumer, member))),
        stopped(all.gauge("plumbline_consumer_partitions_stopped",
                          "Partitions stopped because their position is lost; not 0 is an alarm",
                          of_member(consumer, member))),
        seconds(all.histogram("plumbline_consumer_batch_seconds", "Fold and commit of one batch",
                              {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}, label)) {
    // Asked at scrape time, so it also grows while the loop is stuck. It may outlive the loop and its clock:
    // in_hand is 0 then.
    all.observe_gauge(
        "plumbline_consumer_oldest_message_age_seconds",
        "Since receipt of the oldest record that is read and not committed; 0 without one",
        of_member(consumer, member), [since = in_hand, &clock] {
          const std::int64_t at = since->load();
          return at == 0 ? 0.0 : static_cast<double>(std::max<std::int64_t>(0, clock.now().value - at)) / 1e6;
        });
  }

  // The first member of a process needs no number.
  static telemetry::Labels of_member(const std::string& consumer, int member) {
    telemetry::Labels labels{{"consumer", consumer}};
    if (member > 0) labels.push_back({"member", std::to_string(member)});
    return labels;
  }

  telemetry::Gauge& lag_seconds(const log::TopicPartition& at) {
    return metrics.gauge(
        "plumbline_consumer_lag_seconds",
        "At most so long ago the oldest record behind the position was received; 0 when nothing is behind it",
        {label[0], {"topic", at.topic}, {"partition", std::to_string(at.partition)}});
  }
  telemetry::Gauge& lag_records(const log::TopicPartition& at) {
    return metrics.gauge("plumbline_consumer_lag_records", "Records in the log behind the position",
                         {label[0], {"topic", at.topic}, {"partition", std::to_string(at.partition)}});
  }

  telemetry::Metrics& metrics;
  telemetry::Labels label;
  telemetry::Counter& records;
  telemetry::Counter& batches;
  telemetry::Counter& failures;
  telemetry::Counter& fenced;
  telemetry::Counter& in_doubt;
  telemetry::Gauge& assigned;
  telemetry::Gauge& stopped;
  telemetry::Histogram& seconds;
  // Receipt (microseconds since the epoch) of the oldest record in hand; 0: none.
  std::shared_ptr<std::atomic<std::int64_t>> in_hand = std::make_shared<std::atomic<std::int64_t>>(0);
};

}  // namespace plumbline::loop
