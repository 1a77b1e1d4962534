#include "core/log/tools/copy.h"

#include <charconv>
#include <condition_variable>
#include <mutex>

namespace plumbline::log::tools {
namespace {

// Counts the acks of one batch at a time.
class Batch final : public AckListener {
 public:
  void on_acks(std::span<const Ack> acks) noexcept override {
    const std::lock_guard hold(mutex_);
    for (const Ack& ack : acks) {
      if (ack.status != Ack::Status::kDurable) reason_ = ack.reason;
    }
    out_ -= acks.size();
    if (out_ == 0) settled_.notify_all();
  }
  void expect(std::size_t records) {
    const std::lock_guard hold(mutex_);
    out_ += records;
  }
  Status wait() {
    std::unique_lock hold(mutex_);
    settled_.wait(hold, [this] { return out_ == 0; });
    if (reason_.empty()) return ok_status();
    return retryable("copy_interrupted",
                     "the target did not take a record: " + std::string(reason_) + "; run it again");
  }

 private:
  std::mutex mutex_;
  std::condition_variable settled_;
  std::size_t out_ = 0;
  std::string_view reason_;
};

class PartitionCopy {
 public:
  PartitionCopy(Log& from, Log& to, TopicPartition at, const CopyOptions& options)
      : from_(from), to_(to), options_(options) {
    done_.at = std::move(at);
  }
  Result<CopyProgress> run(const std::stop_token& stop,
                           const std::function<void(const CopyProgress&)>& progress) {
    auto source = from_.watermarks(done_.at);
    if (!source) return source.error();
    next_ = source->low;
    end_ = source->high;
    if (Status found = resume(); !found) return found.error();
    auto target = to_.watermarks(done_.at);
    if (!target) return target.error();
    const std::int64_t before = target->high;
    if (next_ < end_) {
      if (Status copied = pump(stop, progress); !copied) return copied.error();
    }
    target = to_.watermarks(done_.at);
    if (!target) return target.error();
    if (target->high - before != done_.copied) {
      return fatal("copy_incomplete", name() + ": " + std::to_string(done_.copied) +
                                          " records were copied, the target grew by " +
                                          std::to_string(target->high - before));
    }
    return done_;
  }

 private:
  [[nodiscard]] std::string name() const { return done_.at.topic + "/" + std::to_string(done_.at.partition); }

  // Where an earlier run ended: the source offset that the target's last record carries.
  Status resume() {
    auto marks = to_.watermarks(done_.at);
    if (!marks) return marks.error();
    if (marks->low == marks->high) return ok_status();
    const StartPosition last{done_.at, marks->high - 1, {}};
    auto reader = to_.reader({&last, 1});
    if (!reader) return reader.error();
    auto batch = (*reader)->poll(1, options_.idle_max, {});
    if (!batch) return batch.error();
    std::int64_t copied = -1;
    if (!batch->empty()) {
      const std::string_view text = batch->front().header(kCopiedFrom);
      std::from_chars(text.data(), text.data() + text.size(), copied);
    }
    if (copied < 0)
      return fatal("target_in_use",
                   name() + " at the target holds records that no copy put there; copy to an empty log");
    next_ = std::max(next_, copied + 1);
    done_.skipped = marks->high - marks->low;
    return ok_status();
  }

  Status pump(const std::stop_token& stop, const std::function<void(const CopyProgress&)>& progress) {
    const StartPosition start{done_.at, next_, {}};
    auto reader = from_.reader({&start, 1});
    if (!reader) return reader.error();
    auto producer = to_.producer(batch_);
    if (!producer) return producer.error();
    while (next_ < end_) {
      if (stop.stop_requested()) return retryable("copy_interrupted", "stopped; run it again to go on");
      auto records = (*reader)->poll(options_.batch_bytes, options_.idle_max, stop);
      if (!records) return records.error();
      if (records->empty() && !stop.stop_requested()) return ended();
      if (Status sent = send(**producer, *records); !sent) return sent;
      progress(done_);
    }
    return ok_status();
  }

  // A compacted partition may end with offsets that hold no record any more: that is its end.
  Status ended() {
    auto info = from_.watermarks(done_.at);
    if (!info) return info.error();
    if (compacted()) return ok_status();
    return retryable("copy_incomplete", name() + " gave nothing from offset " + std::to_string(next_) +
                                            " to " + std::to_string(end_));
  }
  [[nodiscard]] bool compacted() const {
    for (const TopicSpec& spec : options_.topics) {
      if (spec.name == done_.at.topic) return spec.compacted;
    }
    return false;
  }

  Status send(Producer& producer, std::span<const ReadRecord> records) {
    std::vector<std::vector<Header>> headers(
        records.size());  // borrowed until submit, like the offsets' texts
    std::vector<std::string> origins(records.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const ReadRecord& record = records[i];
      if (record.offset < next_) continue;
      if (record.offset >= end_) {
        next_ = end_;
        break;
      }
      next_ = record.offset + 1;
      origins[i] = std::to_string(record.offset);
      for (const Header& h : record.headers) {
        if (h.name != kCopiedFrom) headers[i].push_back(h);
      }
      headers[i].push_back({kCopiedFrom, origins[i]});
      batch_.expect(1);
      producer.append(
          {done_.at.topic, done_.at.partition, record.key, record.value, headers[i], record.timestamp_ms},
          ++count);
    }
    producer.submit();
    if (Status durable = batch_.wait(); !durable) return durable;
    done_.copied += static_cast<std::int64_t>(count);
    return ok_status();
  }

  Log& from_;
  Log& to_;
  const CopyOptions& options_;
  Batch batch_;
  CopyProgress done_;
  std::int64_t next_ = 0;  // source offset
  std::int64_t end_ = 0;
};

}  // namespace

Result<std::vector<CopyProgress>> copy(Log& from, Log& to, const CopyOptions& options,
                                       const std::stop_token& stop,
                                       const std::function<void(const CopyProgress&)>& progress) {
  std::vector<CopyProgress> all;
  for (TopicSpec spec : options.topics) {
    auto info = from.topic(spec.name);
    if (!info) return info.error();
    spec.partitions = info->partitions;  // a key stays in its partition
    if (Status made = to.ensure_topic(spec); !made) return made.error();
    for (std::int32_t p = 0; p < spec.partitions; ++p) {
      auto done = PartitionCopy(from, to, {spec.name, p}, options).run(stop, progress);
      if (!done) return done.error();
      all.push_back(*done);
    }
  }
  return all;
}

}  // namespace plumbline::log::tools
