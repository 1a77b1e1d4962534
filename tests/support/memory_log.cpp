#include "tests/support/memory_log.h"

#include <algorithm>

namespace plumbline::test {

class MemoryProducer final : public log::Producer {
 public:
  MemoryProducer(MemoryLog& log, log::AckListener& listener) : log_(log), listener_(listener) {}
  ~MemoryProducer() override {
    submit();
    std::unique_lock lock(log_.mutex_);
    log_.hold_ = false;
    log_.changed_.notify_all();
    log_.changed_.wait(lock, [this] { return log_.busy_[&listener_] == 0; });
  }
  void append(const log::Record& record, std::uint64_t token) override {
    headers_.emplace_back(record.headers.begin(), record.headers.end());
    queued_.emplace_back(record, token);
  }
  void submit() override {
    const std::scoped_lock lock(log_.mutex_);
    ++log_.submits_;
    for (const auto& [record, token] : queued_)
      log_.waiting_.push_back({&listener_, log_.write(record, token)});
    log_.busy_[&listener_] += queued_.size();
    queued_.clear();
    headers_.clear();
    log_.changed_.notify_all();
  }

 private:
  MemoryLog& log_;
  log::AckListener& listener_;
  std::vector<std::pair<log::Record, std::uint64_t>> queued_;
  std::vector<std::vector<log::Header>> headers_;
};

class MemoryReader final : public log::Reader {
 public:
  MemoryReader(MemoryLog& log, std::span<const log::StartPosition> from) : log_(log) {
    for (const auto& start : from) at_.emplace_back(start.at, start.offset.value_or(0));
  }
  Result<std::span<const log::ReadRecord>> poll(std::size_t, std::chrono::milliseconds wait,
                                                std::stop_token stop) override {
    copies_.clear();
    headers_.clear();
    out_.clear();
    std::unique_lock lock(log_.mutex_);
    log_.changed_.wait_for(lock, stop, wait, [this] { return collect(); });
    lock.unlock();
    for (const MemoryRecord& copy : copies_) expose(copy);
    return std::span<const log::ReadRecord>(out_);
  }
  Status seek(const log::TopicPartition& at, std::int64_t offset) override {
    for (auto& [where, next] : at_) {
      if (where == at) next = offset;
    }
    return ok_status();
  }
  void commit_hint(const log::TopicPartition&, std::int64_t) override {}
  [[nodiscard]] std::vector<log::TopicPartition> assignment() const override {
    std::vector<log::TopicPartition> all;
    for (const auto& entry : at_) all.push_back(entry.first);
    return all;
  }

 private:
  bool collect() {
    for (auto& [where, next] : at_) {
      const auto found = log_.topics_.find(where.topic);
      if (found == log_.topics_.end()) continue;
      for (const MemoryRecord& record : found->second[static_cast<std::size_t>(where.partition)].records) {
        if (record.offset < next) continue;
        copies_.push_back(record);
        next = record.offset + 1;
      }
    }
    return !copies_.empty();
  }
  void expose(const MemoryRecord& copy) {
    std::vector<log::Header>& headers = headers_.emplace_back();
    for (const auto& [name, value] : copy.headers) headers.push_back({name, value});
    out_.push_back(
        {copy.topic, copy.partition, copy.offset, copy.timestamp_ms, copy.key, copy.value, headers});
  }
  MemoryLog& log_;
  std::vector<std::pair<log::TopicPartition, std::int64_t>> at_;
  std::deque<MemoryRecord> copies_;
  std::deque<std::vector<log::Header>> headers_;
  std::vector<log::ReadRecord> out_;
};

MemoryLog::MemoryLog(bool keep_records)
    : keep_records_(keep_records), thread_([this](const std::stop_token& stop) { run(stop); }) {}

MemoryLog::~MemoryLog() = default;

void MemoryLog::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !hold_ && !waiting_.empty(); })) {
    std::vector<Waiting> batch;
    batch.swap(waiting_);
    lock.unlock();
    std::map<log::AckListener*, std::vector<log::Ack>> bursts;
    for (const Waiting& each : batch) bursts[each.listener].push_back(each.ack);
    for (const auto& [listener, acks] : bursts) listener->on_acks(acks);
    lock.lock();
    for (const auto& [listener, acks] : bursts) busy_[listener] -= acks.size();
    changed_.notify_all();
  }
}

log::Ack MemoryLog::write(const log::Record& record, std::uint64_t token) {
  log::Ack ack{.token = token, .status = answer_, .reason = "told so by the test"};
  const auto found = topics_.find(record.topic);
  if (found == topics_.end() || static_cast<std::size_t>(record.partition) >= found->second.size()) {
    ack.status = log::Ack::Status::kRefused;
    ack.reason = "unknown topic";
  }
  if (ack.status != log::Ack::Status::kDurable) return ack;
  Partition& partition = found->second[static_cast<std::size_t>(record.partition)];
  ack.offset = partition.next++;
  ack.reason = {};
  if (!keep_records_ && record.topic != "keys.v1") return ack;
  MemoryRecord& kept = partition.records.emplace_back();
  kept = {std::string(record.topic), record.partition,          ack.offset, record.timestamp_ms,
          std::string(record.key),   std::string(record.value), {}};
  for (const log::Header& header : record.headers) kept.headers.emplace_back(header.name, header.value);
  return ack;
}

void MemoryLog::hold_acks(bool hold) {
  const std::scoped_lock lock(mutex_);
  hold_ = hold;
  changed_.notify_all();
}
void MemoryLog::answer_with(log::Ack::Status status) {
  const std::scoped_lock lock(mutex_);
  answer_ = status;
}
void MemoryLog::set_healthy(Status status) {
  const std::scoped_lock lock(mutex_);
  health_ = std::move(status);
}
std::vector<MemoryRecord> MemoryLog::records(std::string_view topic) const {
  const std::scoped_lock lock(mutex_);
  std::vector<MemoryRecord> all;
  if (const auto found = topics_.find(topic); found != topics_.end()) {
    for (const Partition& partition : found->second)
      all.insert(all.end(), partition.records.begin(), partition.records.end());
  }
  return all;
}
std::size_t MemoryLog::held() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}
std::size_t MemoryLog::submits() const {
  const std::scoped_lock lock(mutex_);
  return submits_;
}
bool MemoryLog::wait_held(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return waiting_.size() >= count; });
}

Status MemoryLog::ensure_topic(const log::TopicSpec& spec) {
  const std::scoped_lock lock(mutex_);
  topics_.try_emplace(spec.name, static_cast<std::size_t>(spec.partitions));
  return ok_status();
}
Result<log::TopicInfo> MemoryLog::topic(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto found = topics_.find(name);
  if (found == topics_.end()) return retryable("unknown_topic", "no topic " + std::string(name));
  return log::TopicInfo{static_cast<std::int32_t>(found->second.size()), "memory"};
}
Result<std::vector<std::string>> MemoryLog::topics() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& entry : topics_) names.push_back(entry.first);
  return names;
}
Result<log::Watermarks> MemoryLog::watermarks(const log::TopicPartition& at) {
  const std::scoped_lock lock(mutex_);
  const auto found = topics_.find(at.topic);
  if (found == topics_.end()) return retryable("unknown_topic", "no topic " + at.topic);
  return log::Watermarks{0, found->second[static_cast<std::size_t>(at.partition)].next};
}
Result<std::unique_ptr<log::Producer>> MemoryLog::producer(log::AckListener& listener) {
  return std::unique_ptr<log::Producer>(std::make_unique<MemoryProducer>(*this, listener));
}
Result<std::unique_ptr<log::Reader>> MemoryLog::join_group(std::string_view, std::span<const std::string>,
                                                           log::AssignmentListener&) {
  return fatal("unsupported", "the memory log has no groups");
}
Result<std::unique_ptr<log::Reader>> MemoryLog::reader(std::span<const log::StartPosition> from) {
  return std::unique_ptr<log::Reader>(std::make_unique<MemoryReader>(*this, from));
}
Status MemoryLog::healthy() {
  const std::scoped_lock lock(mutex_);
  return health_;
}

}  // namespace plumbline::test
