// Producing to a test's broker and looking at what became of it: acks, and values as a reader sees them.
#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/config.h"
#include "core/log/log.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {

// Thread-safe.
class Acks final : public log::AckListener {
 public:
  void on_acks(std::span<const log::Ack> acks) noexcept override {
    const std::lock_guard hold(mutex_);
    all_.insert(all_.end(), acks.begin(), acks.end());
    changed_.notify_all();
  }
  bool wait(std::size_t count) {
    std::unique_lock hold(mutex_);
    return changed_.wait_for(hold, std::chrono::seconds(90), [&] { return all_.size() >= count; });
  }
  std::vector<log::Ack> all() {
    const std::lock_guard hold(mutex_);
    return all_;
  }
  std::size_t count(log::Ack::Status status) {
    const auto seen = all();
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const log::Ack& ack) { return ack.status == status; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<log::Ack> all_;
};

inline config::Kafka config_of(const std::string& brokers,
                               std::chrono::milliseconds delivery_timeout = std::chrono::seconds(30)) {
  config::Kafka config;
  config.brokers = brokers;
  config.delivery_timeout = delivery_timeout;
  return config;
}

inline std::string at_port(int port) {
  return "127.0.0.1:" + std::to_string(port);
}

inline log::TopicSpec spec_of(const std::string& name, std::int32_t partitions = 1,
                              std::int16_t replication = 1) {
  log::TopicSpec spec;
  spec.name = name;
  spec.partitions = partitions;
  spec.replication = replication;
  return spec;
}

// Values of a partition as a reader of librdkafka sees them, which checks their sums.
inline std::vector<std::string> values_of(log::Log& in, const std::string& topic, std::int32_t partition) {
  const log::TopicPartition at{topic, partition};
  const auto marks = in.watermarks(at);
  EXPECT_TRUE(marks.ok());
  const std::vector<log::StartPosition> from{{at, 0, ""}};
  auto reader = in.reader(from);
  EXPECT_TRUE(reader.ok());
  std::vector<std::string> values;
  std::int64_t next = 0;
  EXPECT_TRUE(test::wait_for([&] {
    if (next >= marks->high) return true;
    const auto records = (*reader)->poll(1 << 20, std::chrono::milliseconds(100), {});
    if (!records) return false;
    for (const log::ReadRecord& record : *records) {
      values.emplace_back(record.value);
      next = record.offset + 1;
    }
    return next >= marks->high;
  }));
  return values;
}

}  // namespace plumbline::tests
