// Limits of attempts: so many in a window for each key (an address, a user). Bounded: the longest unused is
// forgotten first. Thread-safe.
#pragma once
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace plumbline::console {

class Attempts {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  Attempts(int most, std::chrono::seconds window, std::size_t keys_max = 10'000)
      : most_(most), window_(window), keys_max_(keys_max) {}

  // Counts one; zero when it may go on, else the time to wait.
  [[nodiscard]] std::chrono::seconds count(std::string_view key, Moment now);
  // Success: earlier attempts of the key don't count any more.
  void forget(std::string_view key);

 private:
  struct Window {
    std::string key;
    Moment since;
    int used = 0;
  };
  const int most_;
  const std::chrono::seconds window_;
  const std::size_t keys_max_;
  std::mutex mutex_;
  std::list<Window> recent_;  // latest first
  std::unordered_map<std::string, std::list<Window>::iterator> by_key_;
};

}  // namespace plumbline::console
