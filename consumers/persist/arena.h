// Copies of short texts that live until the batch is done: a few large blocks instead of one allocation a
// text.
#pragma once
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace plumbline::persist {

class Arena {
 public:
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    if (text.size() > left_) grow(text.size());
    char* const at = next_;
    std::memcpy(at, text.data(), text.size());
    next_ += text.size();
    left_ -= text.size();
    return {at, text.size()};
  }
  void clear() {
    blocks_.clear();
    next_ = nullptr;
    left_ = 0;
  }

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  void grow(std::size_t needed) {
    left_ = needed > kBlockBytes ? needed : kBlockBytes;
    blocks_.push_back(std::make_unique<char[]>(left_));
    next_ = blocks_.back().get();
  }
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace plumbline::persist
