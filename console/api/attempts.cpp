#include "console/api/attempts.h"

#include <algorithm>

namespace plumbline::console {

std::chrono::seconds Attempts::count(std::string_view key, Moment now) {
  const std::scoped_lock lock(mutex_);
  auto found = by_key_.find(std::string(key));
  if (found == by_key_.end()) {
    if (recent_.size() >= keys_max_) {
      by_key_.erase(recent_.back().key);
      recent_.pop_back();
    }
    recent_.push_front({std::string(key), now, 0});
    found = by_key_.emplace(std::string(key), recent_.begin()).first;
  }
  recent_.splice(recent_.begin(), recent_, found->second);
  Window& window = *found->second;
  if (now - window.since >= window_) {
    window.since = now;
    window.used = 0;
  }
  if (window.used < most_) {
    ++window.used;
    return std::chrono::seconds(0);
  }
  return std::max(std::chrono::seconds(1),
                  std::chrono::ceil<std::chrono::seconds>(window_ - (now - window.since)));
}

void Attempts::forget(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(std::string(key));
  if (found == by_key_.end()) return;
  recent_.erase(found->second);
  by_key_.erase(found);
}

}  // namespace plumbline::console
