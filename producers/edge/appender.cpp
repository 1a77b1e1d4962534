#include "producers/edge/appender.h"

#include <utility>

namespace plumbline::edge {

bool Appender::connect(log::Log& log, bool rebuild) {
  if (rebuild && outstanding_ == 0) producer_.reset();
  if (producer_) return false;
  auto made = log.producer(*this);
  if (!made) return false;
  producer_ = std::move(*made);
  return true;
}

void Appender::on_acks(std::span<const log::Ack> acks) noexcept {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    arrived_.insert(arrived_.end(), acks.begin(), acks.end());
    first = !std::exchange(posted_, true);
  }
  // Outside: the worker, once woken, would wait for the lock. A worker that has stopped takes no post any
  // more.
  if (first) worker_.post([this] { deliver(); });
}

void Appender::deliver() {
  {
    const std::scoped_lock lock(mutex_);
    delivering_.swap(arrived_);
    posted_ = false;
  }
  outstanding_ -= delivering_.size();
  acked_(delivering_);
  delivering_.clear();
}

}  // namespace plumbline::edge
