// Answers that are dear to work out, kept for a while by tenant and name: bounded, the longest unused goes
// first. Thread-safe.
#pragma once
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace plumbline::console {

class Memory {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  struct Kept {
    std::string value;
    Moment since;
    std::chrono::milliseconds cost;  // what working it out took
  };

  explicit Memory(std::size_t bytes_max = std::size_t{8} << 20) : bytes_max_(bytes_max) {}
  [[nodiscard]] std::optional<Kept> find(const std::string& key);
  void keep(const std::string& key, std::string value, Moment now, std::chrono::milliseconds cost);
  // True for one caller at a time: who is to work the value out anew.
  [[nodiscard]] bool begin(const std::string& key);
  // Whether somebody is at it.
  [[nodiscard]] bool begun(const std::string& key);
  void end(const std::string& key);

 private:
  struct Entry {
    std::string key;
    Kept kept;
  };
  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::list<Entry> recent_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::unordered_map<std::string, bool> working_;
};

}  // namespace plumbline::console
