// Memory of one event-loop turn: what frames borrow until the log has taken them over. Freed all at once. Not
// thread-safe.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace plumbline::edge {

class Arena {
 public:
  // Aligned for any Header or pointer.
  [[nodiscard]] char* allocate(std::size_t bytes) {
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    if (bytes > kBlockBytes) return large_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
    if (block_ == blocks_.size() || used_ + bytes > kBlockBytes) next_block();
    char* at = blocks_[block_].get() + used_;
    used_ += bytes;
    return at;
  }
  [[nodiscard]] std::string_view copy(std::string_view text) {
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  // Keeps up to kBlocksKept blocks for the next turn.
  void reset() {
    large_.clear();
    if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
    block_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kAlign = alignof(std::max_align_t);
  static constexpr std::size_t kBlockBytes = std::size_t{128} << 10;
  static constexpr std::size_t kBlocksKept = 16;  // 2 MiB a worker
  void next_block() {
    if (block_ < blocks_.size()) ++block_;
    if (block_ == blocks_.size()) blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
    used_ = 0;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::unique_ptr<char[]>> large_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

}  // namespace plumbline::edge
