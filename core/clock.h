// The clock as a parameter, so that a test or a simulation owns time.
#pragma once
#include <chrono>

#include "core/time.h"

namespace plumbline {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimeUs now() const = 0;                                       // wall clock, UTC
  [[nodiscard]] virtual std::chrono::steady_clock::time_point monotonic() const = 0;  // for waits and rates
};

// Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimeUs now() const override {
    using namespace std::chrono;
    return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::now();
  }
};

// A clock that stands still until it is moved. Not thread-safe while it is being moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimeUs start) : now_(start) {}
  [[nodiscard]] TimeUs now() const override { return now_; }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() const override { return monotonic_; }
  void advance(std::chrono::microseconds by) {
    now_.value += by.count();
    monotonic_ += by;
  }
  void set(TimeUs to) { now_ = to; }

 private:
  TimeUs now_;
  std::chrono::steady_clock::time_point monotonic_{};
};

}  // namespace plumbline
