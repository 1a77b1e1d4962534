// Memory of one request: what its decoded form borrows. Freed all at once, kept for the next request up to a
// bound. Movable: what it gave stays where it is. Not thread-safe.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace plumbline::otlp {

class Arena {
 public:
  [[nodiscard]] char* allocate(std::size_t bytes) {
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    if (bytes > kBlockBytes / 4)
      return large_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
    if (blocks_.empty() || used_ + bytes > kBlockBytes) next_block();
    char* at = blocks_[block_].get() + used_;
    used_ += bytes;
    return at;
  }
  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  // The elements of `stack` from `from` on, moved here.
  template <class T>
  [[nodiscard]] std::span<const T> take(std::vector<T>& stack, std::size_t from) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= kAlign);
    const std::size_t count = stack.size() - from;
    if (count == 0) return {};
    char* at = allocate(count * sizeof(T));
    std::memcpy(at, static_cast<const void*>(stack.data() + from), count * sizeof(T));
    stack.resize(from);
    return {static_cast<const T*>(static_cast<const void*>(at)), count};
  }
  void reset() {
    large_.clear();
    if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
    block_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kAlign = alignof(std::max_align_t);
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  static constexpr std::size_t kBlocksKept = 16;  // 1 MiB: two batches of a stock exporter
  void next_block() {
    if (!blocks_.empty()) ++block_;
    if (block_ == blocks_.size()) blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    used_ = 0;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::unique_ptr<char[]>> large_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

}  // namespace plumbline::otlp
