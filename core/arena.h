// Memory of short-lived views: a request's decoded form, frames of one event-loop turn, texts of one batch.
// Given piece by piece, freed all at once, and kept for the next use up to a bound. Movable: what it gave
// stays where it is. Not thread-safe.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace plumbline {

class Arena {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{64} << 10;
  static constexpr std::size_t kBlocksKept = 16;

  // Keeps `blocks_kept` blocks of `block_bytes` over a reset(); what is larger than a quarter of a block is
  // memory of its own and never kept.
  explicit Arena(std::size_t block_bytes = kBlockBytes, std::size_t blocks_kept = kBlocksKept)
      : block_bytes_(block_bytes), blocks_kept_(blocks_kept) {}

  // Aligned for any type of ordinary alignment; its content is not set.
  [[nodiscard]] char* allocate(std::size_t bytes) {
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    if (bytes > block_bytes_ / 4)
      return large_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
    if (blocks_.empty() || used_ + bytes > block_bytes_) next_block();
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
  // Every view that it gave ends here.
  void reset() {
    large_.clear();
    if (blocks_.size() > blocks_kept_) blocks_.resize(blocks_kept_);
    block_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kAlign = alignof(std::max_align_t);
  void next_block() {
    if (!blocks_.empty()) ++block_;
    if (block_ == blocks_.size()) blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes_));
    used_ = 0;
  }

  std::size_t block_bytes_;
  std::size_t blocks_kept_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::unique_ptr<char[]>> large_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

}  // namespace plumbline
