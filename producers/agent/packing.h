// Many lines as one compressed block, made once when they are taken: it lies in the spool and travels as it
// is, for zstd frames behind one another are one text to the edge (RFC 8878, section 3.1).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/compress/compress.h"
#include "core/result.h"
#include "producers/agent/spool_format.h"

namespace plumbline::agent {

// Fewer lines at once are worth no block of their own: the sender compresses them with what came before and
// behind them.
inline constexpr std::size_t kPackLeastItems = 8;
// One block: bounds what damage can cost, and what one line that the edge refuses unpacks. Two of them are
// what a stock exporter sends at once, and what the agent sends on.
inline constexpr std::size_t kBlockItemsMax = 256;
inline constexpr std::size_t kBlockRawBytesMax = std::size_t{256} << 10;

// Not thread-safe: one for each thread.
class Packer {
 public:
  // `lines`: each ended by '\n', `items` of them.
  [[nodiscard]] Result<Block> pack(bool report, std::string_view lines, std::uint32_t items);
  // Appends a zstd frame.
  Status compress(std::string_view text, std::string& out) { return compressor_.run(text, out); }

 private:
  // Level 1: a third of the time of the default for a tenth more bytes.
  compress::Compressor compressor_{1};
};

// The lines of a packed frame. Poison: it is none, or not of that size.
[[nodiscard]] Result<std::string> unpacked(std::string_view packed, std::size_t raw_bytes);
// Each line of the blocks, in order.
[[nodiscard]] Result<std::vector<std::string>> lines_of(const std::vector<Block>& blocks);

}  // namespace plumbline::agent
