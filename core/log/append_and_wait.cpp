#include <condition_variable>
#include <mutex>

#include "core/log/log.h"

namespace plumbline::log {
namespace {

class OneAck final : public AckListener {
 public:
  void on_acks(std::span<const Ack> acks) noexcept override {
    const std::lock_guard lock(mutex_);
    ack_ = acks.front();
    done_.notify_all();
  }
  Ack wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return ack_.has_value(); });
    return *ack_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<Ack> ack_;
};

}  // namespace

Result<std::int64_t> append_and_wait(Log& log, const Record& record) {
  OneAck waiter;
  auto producer = log.producer(waiter);
  if (!producer) return producer.error();
  (*producer)->append(record, 0);
  (*producer)->submit();
  const Ack ack = waiter.wait();
  if (ack.status == Ack::Status::kDurable) return ack.offset;
  return retryable(ack.status == Ack::Status::kRefused ? "append_refused" : "append_unconfirmed",
                   std::string(ack.reason));
}

}  // namespace plumbline::log
