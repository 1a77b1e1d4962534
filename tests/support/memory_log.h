// The log in memory, for tests that must hold, refuse or lose acks at will. Acks come from a thread of its
// own, in bursts, as the real backends do it. No groups: join_group is refused. Thread-safe.
#pragma once
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/log/log.h"

namespace plumbline::test {

struct MemoryRecord {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [known, value_of] : headers) {
      if (known == name) return value_of;
    }
    return {};
  }
};

class MemoryLog final : public log::Log {
 public:
  explicit MemoryLog(bool keep_records = true);
  ~MemoryLog() override;

  // What the test makes of it.
  void hold_acks(bool hold);                  // records are written, acks wait
  void answer_with(log::Ack::Status status);  // kDurable writes; the others don't
  void set_healthy(Status status);
  [[nodiscard]] std::vector<MemoryRecord> records(std::string_view topic) const;
  [[nodiscard]] std::size_t held() const;
  [[nodiscard]] std::size_t submits() const;
  // Waits until that many acks are held. False after a minute.
  [[nodiscard]] bool wait_held(std::size_t count) const;

  Status ensure_topic(const log::TopicSpec& spec) override;
  Result<log::TopicInfo> topic(std::string_view name) override;
  Result<std::vector<std::string>> topics() override;
  Result<log::Watermarks> watermarks(const log::TopicPartition& at) override;
  Result<std::unique_ptr<log::Producer>> producer(log::AckListener& listener) override;
  Result<std::unique_ptr<log::Reader>> join_group(std::string_view group, std::span<const std::string> topics,
                                                  log::AssignmentListener& listener) override;
  Result<std::unique_ptr<log::Reader>> reader(std::span<const log::StartPosition> from) override;
  [[nodiscard]] Status healthy() override;

 private:
  friend class MemoryProducer;
  friend class MemoryReader;
  struct Waiting {
    log::AckListener* listener = nullptr;
    log::Ack ack;
  };
  struct Partition {
    std::deque<MemoryRecord> records;
    std::int64_t next = 0;
  };
  log::Ack write(const log::Record& record, std::uint64_t token);  // under mutex_
  void run(const std::stop_token& stop);

  const bool keep_records_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::map<std::string, std::vector<Partition>, std::less<>> topics_;
  std::vector<Waiting> waiting_;
  std::map<const log::AckListener*, std::size_t> busy_;  // listeners being told now, and acks not told yet
  bool hold_ = false;
  std::size_t submits_ = 0;
  log::Ack::Status answer_ = log::Ack::Status::kDurable;
  Status health_ = ok_status();
  std::jthread thread_;
};

}  // namespace plumbline::test
