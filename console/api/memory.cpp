#include "console/api/memory.h"

#include <utility>

namespace plumbline::console {

std::optional<Memory::Kept> Memory::find(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->kept;
}

void Memory::keep(const std::string& key, std::string value, Moment now, std::chrono::milliseconds cost) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    bytes_ -= found->second->kept.value.size();
    recent_.erase(found->second);
    by_key_.erase(found);
  }
  bytes_ += value.size();
  recent_.push_front({key, {std::move(value), now, cost}});
  by_key_[key] = recent_.begin();
  while (bytes_ > bytes_max_ && !recent_.empty()) {
    bytes_ -= recent_.back().kept.value.size();
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
  }
}

bool Memory::begin(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  return working_.emplace(key, true).second;
}

bool Memory::begun(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  return working_.contains(key);
}

void Memory::end(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  working_.erase(key);
}

}  // namespace plumbline::console
