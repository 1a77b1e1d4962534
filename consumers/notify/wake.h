// How the loop tells this process's senders that something was committed. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace plumbline::notify {

class Wake {
 public:
  void ring() {
    {
      const std::lock_guard hold(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }
  [[nodiscard]] std::uint64_t rings() const {
    const std::lock_guard hold(mutex_);
    return rings_;
  }
  // Until it rang after `seen` was read, `most` has passed or stop is requested.
  void wait(std::uint64_t seen, std::chrono::milliseconds most, const std::stop_token& stop) {
    std::unique_lock hold(mutex_);
    rung_.wait_for(hold, stop, most, [&] { return rings_ != seen; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any rung_;
  std::uint64_t rings_ = 0;
};

}  // namespace plumbline::notify
