// A log in memory that can be told to fail: what the outbox must survive. The backends themselves are tested
// in tests/contract.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/log/log.h"

namespace plumbline::tests {

class MemoryLog final : public log::Log {
 public:
  using Entry = std::pair<std::string, std::string>;  // key, value

  struct Kept {
    std::string topic;
    std::int32_t partition = 0;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  std::atomic<bool> down{false};
  std::function<void()> after_append;  // called once an entry is durable

  [[nodiscard]] std::vector<Entry> entries() {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  [[nodiscard]] std::vector<Kept> kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }
  Status ensure_topic(const log::TopicSpec&) override { return ok_status(); }
  Result<log::TopicInfo> topic(std::string_view) override { return log::TopicInfo{1, "memory"}; }
  Result<std::vector<std::string>> topics() override { return std::vector<std::string>{"keys.v1"}; }
  Result<log::Watermarks> watermarks(const log::TopicPartition&) override {
    return log::Watermarks{0, static_cast<std::int64_t>(entries().size())};
  }
  Result<std::unique_ptr<log::Producer>> producer(log::AckListener& listener) override {
    return std::unique_ptr<log::Producer>(new MemoryProducer(*this, listener));
  }
  Result<std::unique_ptr<log::Reader>> join_group(std::string_view, std::span<const std::string>,
                                                  log::AssignmentListener&) override {
    return fatal("memory", "has no readers");
  }
  Result<std::unique_ptr<log::Reader>> reader(std::span<const log::StartPosition>) override {
    return fatal("memory", "has no readers");
  }
  Status healthy() override { return ok_status(); }

 private:
  struct MemoryProducer final : log::Producer {
    MemoryProducer(MemoryLog& l, log::AckListener& a) : log(l), listener(a) {}
    void append(const log::Record& record, std::uint64_t token) override {
      if (log.down) {
        acks.push_back({.token = token, .status = log::Ack::Status::kUnconfirmed, .reason = "down"});
        return;
      }
      const std::lock_guard lock(log.mutex_);
      log.entries_.emplace_back(record.key, record.value);
      Kept kept{std::string(record.topic), record.partition, {}};
      for (const log::Header& h : record.headers) kept.headers.emplace_back(h.name, h.value);
      log.kept_.push_back(std::move(kept));
      acks.push_back({.token = token,
                      .status = log::Ack::Status::kDurable,
                      .offset = static_cast<std::int64_t>(log.entries_.size()) - 1});
    }
    void submit() override {
      if (log.after_append && !log.down) log.after_append();
      listener.on_acks(acks);
      acks.clear();
    }
    MemoryLog& log;
    log::AckListener& listener;
    std::vector<log::Ack> acks;
  };

  std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<Kept> kept_;
};

}  // namespace plumbline::tests
