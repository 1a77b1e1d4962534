// Metrics of one loop.
#pragma once
#include <string>

#include "consumers/loop/loop.h"
#include "core/telemetry/metrics.h"

namespace plumbline::loop {

struct Loop::Meters {
  Meters(telemetry::Metrics& all, const std::string& consumer)
      : metrics(all),
        label{{"consumer", consumer}},
        records(all.counter("plumbline_consumer_records_total", "Records of the log committed", label)),
        batches(all.counter("plumbline_consumer_batches_total", "Transactions committed", label)),
        failures(all.counter("plumbline_consumer_failures_total", "Attempts that failed and were backed off",
                             label)),
        fenced(all.counter("plumbline_consumer_fenced_total",
                           "Batches dropped because another member owns the partition", label)),
        in_doubt(all.counter("plumbline_consumer_in_doubt_total", "Connections lost inside COMMIT", label)),
        stopped(all.gauge("plumbline_consumer_partitions_stopped",
                          "Partitions stopped because their position is lost; not 0 is an alarm", label)),
        seconds(all.histogram("plumbline_consumer_batch_seconds", "Fold and commit of one batch",
                              {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}, label)) {}

  telemetry::Gauge& lag(const log::TopicPartition& at) {
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
  telemetry::Gauge& stopped;
  telemetry::Histogram& seconds;
};

}  // namespace plumbline::loop
