#include "core/log/embedded/producer.h"

namespace plumbline::log::embedded {
namespace {
// A buffer that once held a burst is not kept for ever.
constexpr std::size_t kSpareBytesMax = std::size_t{2} << 20;
constexpr std::size_t kSparesMax = 4;
}  // namespace

OwnerProducer::OwnerProducer(OwnerLog& log, AckListener& listener)
    : log_(log), listener_(listener), batch_(fresh()) {}

OwnerProducer::~OwnerProducer() {
  submit();
  std::unique_lock lock(pool_->mutex);
  pool_->empty.wait(lock, [this] { return pool_->out == 0; });
}

std::unique_ptr<Batch> OwnerProducer::fresh() {
  std::unique_ptr<Batch> batch;
  {
    const std::lock_guard lock(pool_->mutex);
    if (!pool_->spare.empty()) {
      batch = std::move(pool_->spare.back());
      pool_->spare.pop_back();
    }
  }
  if (!batch) batch = std::make_unique<Batch>();
  batch->listener = &listener_;
  batch->done = [pool = pool_](std::unique_ptr<Batch> used) {
    used->bytes.clear();
    used->entries.clear();
    const std::lock_guard lock(pool->mutex);
    if (used->bytes.capacity() <= kSpareBytesMax && pool->spare.size() < kSparesMax)
      pool->spare.push_back(std::move(used));
    if (--pool->out == 0) pool->empty.notify_all();
  };
  return batch;
}

std::string_view OwnerProducer::refusal(const Record& record, std::size_t bytes) {
  if (topic_ == nullptr || topic_->name != record.topic) topic_ = log_.find_topic(record.topic);
  if (topic_ == nullptr) return "unknown_topic";
  if (record.partition < 0 || record.partition >= topic_->partitions) return "unknown_partition";
  if (record.headers.size() > kHeadersMax) return "too_many_headers";
  if (bytes > static_cast<std::size_t>(topic_->record_bytes_max.load(std::memory_order_relaxed)))
    return "too_large";
  auto& queued = log_.committer().queued_bytes;
  if (queued.load() + static_cast<std::int64_t>(bytes) > log_.config().queue_bytes_max) return "queue_full";
  queued += static_cast<std::int64_t>(bytes);
  return {};
}

void OwnerProducer::append(const Record& record, std::uint64_t token) {
  const std::size_t bytes = record_bytes(record);
  const std::string_view reason = refusal(record, bytes);
  Batch::Entry entry;
  entry.token = token;
  entry.reason = reason;
  if (reason.empty()) {
    entry.topic = topic_;
    entry.at = static_cast<std::uint32_t>(batch_->bytes.size());
    entry.size = static_cast<std::uint32_t>(bytes);
    entry.partition = record.partition;
    append_record(batch_->bytes, record);
  }
  batch_->entries.push_back(entry);
}

void OwnerProducer::submit() {
  if (batch_->entries.empty()) return;
  {
    const std::lock_guard lock(pool_->mutex);
    ++pool_->out;
  }
  log_.committer().submit(std::move(batch_));
  batch_ = fresh();
}

}  // namespace plumbline::log::embedded
