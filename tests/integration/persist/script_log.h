// A log in memory that does what a test tells it: hands the same partition to two members, forgets records,
// changes its incarnation, refuses dead letters. One member reads everything; order is by topic and
// partition. Not thread-safe but for what a role's own thread and the test share under one lock.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/frame.h"
#include "core/log/log.h"

namespace plumbline::tests {

struct StoredRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;
};

class ScriptLog final : public log::Log {
 public:
  explicit ScriptLog(std::int32_t partitions = 2) : partitions_(partitions) {
    for (std::string_view topic : {frame::kTracesTopic, frame::kReportsTopic, frame::kDeadTopic,
                                   frame::kOutcomesTopic, frame::kDriftTopic}) {
      for (std::int32_t p = 0; p < partitions; ++p) records_[{std::string(topic), p}];
    }
  }

  // The script.
  std::int64_t put(const std::string& topic, std::int32_t partition, StoredRecord record) {
    const std::lock_guard hold(mutex_);
    auto& all = records_.at({topic, partition});
    record.offset = next_[{topic, partition}]++;
    all.push_back(std::move(record));
    came_.notify_all();
    return all.back().offset;
  }
  void forget_below(const std::string& topic, std::int32_t partition, std::int64_t offset) {
    const std::lock_guard hold(mutex_);
    auto& all = records_.at({topic, partition});
    while (!all.empty() && all.front().offset < offset) all.pop_front();
  }
  void set_incarnation(std::string incarnation) { incarnation_ = std::move(incarnation); }
  void set_refusing(bool refusing) { refusing_ = refusing; }
  // Called before each record that a producer appends.
  void set_topics_unknown(bool unknown) { topics_unknown_ = unknown; }
  void set_on_append(std::function<void()> on_append) { on_append_ = std::move(on_append); }
  // Records one poll returns at most; 0: all there are.
  void set_poll_records(std::size_t most) { poll_records_ = most; }
  [[nodiscard]] std::vector<StoredRecord> all(const std::string& topic) const {
    const std::lock_guard hold(mutex_);
    std::vector<StoredRecord> found;
    for (const auto& [at, records] : records_) {
      if (at.topic == topic) found.insert(found.end(), records.begin(), records.end());
    }
    return found;
  }
  [[nodiscard]] std::map<log::TopicPartition, std::int64_t> hints() const { return hints_; }

  // log::Log
  Status ensure_topic(const log::TopicSpec&) override { return ok_status(); }
  Result<log::TopicInfo> topic(std::string_view name) override {
    if (topics_unknown_) return retryable("unknown_topic", "no topic " + std::string(name));
    return log::TopicInfo{partitions_, incarnation_};
  }
  Result<std::vector<std::string>> topics() override { return std::vector<std::string>{}; }
  Result<log::Watermarks> watermarks(const log::TopicPartition& at) override {
    const std::lock_guard hold(mutex_);
    const auto& all = records_.at(at);
    const std::int64_t high = next_[at];
    return log::Watermarks{all.empty() ? high : all.front().offset, high};
  }
  Result<std::unique_ptr<log::Producer>> producer(log::AckListener& listener) override;
  Result<std::unique_ptr<log::Reader>> join_group(std::string_view, std::span<const std::string> topics,
                                                  log::AssignmentListener& listener) override;
  Result<std::unique_ptr<log::Reader>> reader(std::span<const log::StartPosition>) override {
    return fatal("unused", "not scripted");
  }
  Status healthy() override { return ok_status(); }

 private:
  friend class ScriptReader;
  friend class ScriptProducer;
  std::int32_t partitions_;
  std::string incarnation_ = "one";
  bool refusing_ = false;
  std::function<void()> on_append_;
  std::atomic<bool> topics_unknown_ = false;
  std::size_t poll_records_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable_any came_;
  std::map<log::TopicPartition, std::deque<StoredRecord>> records_;
  std::map<log::TopicPartition, std::int64_t> next_;
  std::map<log::TopicPartition, std::int64_t> hints_;
};

class ScriptProducer final : public log::Producer {
 public:
  ScriptProducer(ScriptLog& log, log::AckListener& listener) : log_(log), listener_(listener) {}
  void append(const log::Record& record, std::uint64_t token) override {
    if (log_.refusing_) {
      acks_.push_back({token, log::Ack::Status::kRefused, -1, "scripted"});
      return;
    }
    if (log_.on_append_) log_.on_append_();
    StoredRecord stored;
    stored.timestamp_ms = record.timestamp_ms;
    stored.key = record.key;
    stored.value = record.value;
    for (const log::Header& h : record.headers) stored.headers.emplace_back(h.name, h.value);
    const auto offset = log_.put(std::string(record.topic), record.partition, std::move(stored));
    acks_.push_back({token, log::Ack::Status::kDurable, offset, {}});
  }
  void submit() override {
    listener_.on_acks(acks_);
    acks_.clear();
  }

 private:
  ScriptLog& log_;
  log::AckListener& listener_;
  std::vector<log::Ack> acks_;
};

class ScriptReader final : public log::Reader {
 public:
  ScriptReader(ScriptLog& log, std::vector<std::string> topics, log::AssignmentListener& listener)
      : log_(log), topics_(std::move(topics)), listener_(listener) {}
  Result<std::span<const log::ReadRecord>> poll(std::size_t, std::chrono::milliseconds wait,
                                                std::stop_token stop) override {
    if (next_.empty()) {
      std::vector<log::TopicPartition> mine;
      for (const auto& [at, records] : log_.records_) {
        if (std::find(topics_.begin(), topics_.end(), at.topic) != topics_.end()) mine.push_back(at);
      }
      auto starts = listener_.on_assigned(mine);
      if (!starts) return starts.error();
      for (const auto& start : *starts) next_[start.at] = start.offset.value_or(0);
    }
    std::unique_lock hold(log_.mutex_);
    copies_.clear();
    views_.clear();
    headers_.clear();
    log_.came_.wait_for(hold, stop, wait, [&] { return take(); });
    for (const auto& [at, record] : copies_) {
      auto& headers = headers_.emplace_back();
      for (const auto& [name, value] : record.headers) headers.push_back({name, value});
      views_.push_back(
          {at.topic, at.partition, record.offset, record.timestamp_ms, record.key, record.value, headers});
    }
    return std::span<const log::ReadRecord>(views_);
  }
  Status seek(const log::TopicPartition& at, std::int64_t offset) override {
    next_[at] = offset;
    return ok_status();
  }
  void commit_hint(const log::TopicPartition& at, std::int64_t next) override { log_.hints_[at] = next; }
  [[nodiscard]] std::vector<log::TopicPartition> assignment() const override {
    std::vector<log::TopicPartition> mine;
    for (const auto& [at, next] : next_) mine.push_back(at);
    return mine;
  }

 private:
  bool take() {
    for (auto& [at, next] : next_) {
      for (const StoredRecord& record : log_.records_.at(at)) {
        if (record.offset < next) continue;
        if (log_.poll_records_ != 0 && copies_.size() >= log_.poll_records_) break;
        next = record.offset + 1;
        copies_.push_back({at, record});
      }
    }
    return !copies_.empty();
  }

  ScriptLog& log_;
  std::vector<std::string> topics_;
  log::AssignmentListener& listener_;
  std::map<log::TopicPartition, std::int64_t> next_;
  std::deque<std::pair<log::TopicPartition, StoredRecord>> copies_;
  std::deque<std::vector<log::Header>> headers_;
  std::vector<log::ReadRecord> views_;
};

inline Result<std::unique_ptr<log::Producer>> ScriptLog::producer(log::AckListener& listener) {
  return std::unique_ptr<log::Producer>(std::make_unique<ScriptProducer>(*this, listener));
}
inline Result<std::unique_ptr<log::Reader>> ScriptLog::join_group(std::string_view,
                                                                  std::span<const std::string> topics,
                                                                  log::AssignmentListener& listener) {
  return std::unique_ptr<log::Reader>(std::make_unique<ScriptReader>(
      *this, std::vector<std::string>(topics.begin(), topics.end()), listener));
}

}  // namespace plumbline::tests
