// Questions and orders to the cluster that carry no records: metadata, watermarks, topics. Thread-safe; calls
// block up to the named time-outs.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/log/kafka/conf.h"
#include "core/log/kafka/handles.h"
#include "core/log/log.h"

namespace plumbline::log::kafka {

struct TopicFacts {
  std::int32_t partitions = 0;
  std::int32_t replication = 0;  // of the partition that has least
  std::int32_t leaders = 0;      // partitions that can be written now
};

class Control {
 public:
  static Result<std::unique_ptr<Control>> open(const config::Kafka& config);
  explicit Control(Client client) : client_(std::move(client)) {}

  // One round trip to any broker.
  Status ping(std::chrono::milliseconds wait);
  // Errors: "unknown_topic" (fatal), "log_unreachable" (retryable).
  Result<TopicFacts> facts(std::string_view topic, std::chrono::milliseconds wait);
  Result<std::vector<std::string>> topics(std::chrono::milliseconds wait);
  Result<Watermarks> watermarks(const TopicPartition& at, std::chrono::milliseconds wait);
  Result<std::string> cluster_id(std::chrono::milliseconds wait);
  Status ensure_topic(const TopicSpec& spec);

 private:
  Result<bool> create(const TopicSpec& spec);  // false: it was there
  Status check(const TopicSpec& spec);
  Status check_configs(const TopicSpec& spec);
  Result<Event> run(rd_kafka_admin_op_t kind, rd_kafka_event_type_t answer, auto&& start);

  Client client_;
};

// How much a record of this topic takes on the wire at most: what max.message.bytes must be.
[[nodiscard]] constexpr std::int64_t wire_bytes_max(const TopicSpec& spec) {
  return (spec.record_bytes_max > kBatchBytes ? spec.record_bytes_max : kBatchBytes) + kFramingBytes;
}

// The error of a call that librdkafka refused: retryable when the cluster may yet answer.
[[nodiscard]] Error to_error(rd_kafka_resp_err_t code, std::string_view doing, std::string_view detail = {});

}  // namespace plumbline::log::kafka
