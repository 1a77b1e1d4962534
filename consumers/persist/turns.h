// Who of a process's members may fill tables at the moment. Two connections that insert at once meet at the
// right end of the same indexes and in the same extension locks: each row costs PostgreSQL about a third
// more. So half of the members (rounded up) insert, while the others read, decode and lay out their next
// batch, or wait for COMMIT's fsync.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace plumbline::persist {

// Thread-safe. An order of work only: correctness never depends on it, and a wait for a turn ends.
class Turns {
 public:
  // `wait_max` is below idle_in_transaction_session_timeout of the writer's sessions: who waits has a
  // transaction open.
  explicit Turns(std::size_t members, std::chrono::milliseconds wait_max = std::chrono::seconds(5))
      : wait_max_(wait_max), free_((members + 1) / 2) {}

  // A turn, or none after `wait_max`; given back at the end of its scope.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns), held_(turns.take()) {}
    ~Turn() {
      if (held_) turns_.give_back();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    [[nodiscard]] bool held() const { return held_; }

   private:
    Turns& turns_;
    bool held_;
  };

 private:
  // A condition and no std::counting_semaphore: that one's waits with a time-out sleep in growing steps.
  bool take() {
    std::unique_lock lock(mutex_);
    const bool taken = given_back_.wait_for(lock, wait_max_, [this] { return free_ > 0; });
    if (taken) --free_;
    return taken;
  }
  void give_back() {
    {
      const std::lock_guard hold(mutex_);
      ++free_;
    }
    given_back_.notify_one();
  }

  const std::chrono::milliseconds wait_max_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::size_t free_;
};

}  // namespace plumbline::persist
