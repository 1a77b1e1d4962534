// A trouble that lasts, told so that a log of hours without a database can still be read: when it begins,
// once a minute while it lasts (with how often it was met meanwhile), and when it is over.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace plumbline::telemetry {

// Thread-safe. One for each thing that can be in trouble by itself: who is well ends what another one met.
class Trouble {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // `event` is that of all lines; `who` becomes their field "consumer" unless it is empty.
  explicit Trouble(std::string_view event, std::string_view who = {}) : event_(event), who_(who) {}

  // A warning, with the error's code and message, unless this code was told within the last minute.
  void met(const Error& error, Time now = std::chrono::steady_clock::now());
  // The line "over" if the beginning was told. Costs a lock when all was well.
  void over(Time now = std::chrono::steady_clock::now());

 private:
  struct Code {
    Time told_at;
    std::int64_t untold = 0;
  };
  std::string event_, who_;
  std::mutex mutex_;
  std::map<std::string, Code, std::less<>> codes_;
  std::optional<Time> began_;
  bool told_ = false;  // since it began
  std::int64_t times_ = 0;
};

}  // namespace plumbline::telemetry
