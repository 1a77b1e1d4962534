// Reading, alone or as a member of a group. One class: the difference is who assigns.
#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log/kafka/control.h"
#include "core/log/kafka/handles.h"
#include "core/log/log.h"

namespace plumbline::log::kafka {

// Watermarks, incarnations: what a start position is checked against.
class Positions {
 public:
  virtual ~Positions() = default;
  virtual Result<Watermarks> watermarks_of(const TopicPartition& at) = 0;
  virtual Result<std::string> incarnation_of(std::string_view topic) = 0;
};

// Not thread-safe.
class KafkaReader final : public Reader {
 public:
  static Result<std::unique_ptr<Reader>> alone(const config::Kafka& config, Positions& positions,
                                               std::span<const StartPosition> from);
  static Result<std::unique_ptr<Reader>> member(const config::Kafka& config, Positions& positions,
                                                std::string_view group, std::span<const std::string> topics,
                                                AssignmentListener& listener);
  KafkaReader(Positions& positions, AssignmentListener* listener)
      : positions_(positions), listener_(listener) {}
  ~KafkaReader() override;

  Result<std::span<const ReadRecord>> poll(std::size_t bytes_max, std::chrono::milliseconds wait,
                                           std::stop_token stop) override;
  Status seek(const TopicPartition& at, std::int64_t offset) override;
  void commit_hint(const TopicPartition& at, std::int64_t next_offset) override;
  [[nodiscard]] std::vector<TopicPartition> assignment() const override { return owned_; }

 private:
  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                           rd_kafka_topic_partition_list_t* partitions, void* self);
  static void on_error(rd_kafka_t* client, int code, const char* why, void* self);
  Status connect(const config::Kafka& config, const Settings& settings);
  void assigned(const rd_kafka_topic_partition_list_t& partitions);
  void revoked();
  Status take_pending();  // asks the listener where to start and starts there
  Status start(std::span<const StartPosition> from);
  Status check(const StartPosition& from);
  void gather(std::size_t bytes_max, std::chrono::milliseconds wait, const std::stop_token& stop);
  bool take(Message message, std::size_t& bytes);
  Error trouble(const rd_kafka_message_t& message);
  void lay_out();
  void forget_batch();
  void send_hints();
  [[nodiscard]] bool stuck() const;

  Positions& positions_;
  AssignmentListener* listener_;  // null when alone
  Client client_;
  bool closing_ = false;
  std::vector<TopicPartition> owned_;
  std::vector<TopicPartition> pending_;  // assigned by the group, not yet started
  std::optional<Error> error_;           // for the next poll
  std::map<TopicPartition, std::int64_t> hints_;
  std::chrono::steady_clock::time_point hinted_, heard_;  // last commit, last records
  std::chrono::milliseconds quiet_{0};  // without records so long, a member that lives has a coordinator
  // Since when the group has given this member no assignment, not even an empty one.
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  std::chrono::milliseconds wait_max_{0};
  bool stuck_ = false;
  std::vector<Message> messages_;
  std::vector<Header> headers_;
  std::vector<std::size_t> header_starts_;
  std::vector<ReadRecord> records_;
};

}  // namespace plumbline::log::kafka
