#include "producers/agent/packing.h"

#include <algorithm>

namespace plumbline::agent {

Result<Block> Packer::pack(bool report, std::string_view lines, std::uint32_t items) {
  Block block{report, true, items, static_cast<std::uint32_t>(lines.size()), {}};
  if (Status packed = compress(lines, block.bytes); !packed) return packed.error();
  block.bytes.shrink_to_fit();  // it was made for the worst case, and may wait
  return block;
}

Result<std::string> unpacked(std::string_view packed, std::size_t raw_bytes) {
  compress::Decompressor decompressor;
  PaddedBuffer text;
  if (Status done = decompressor.run(compress::Encoding::kZstd, packed, text, raw_bytes); !done)
    return done.error();
  if (text.size() != raw_bytes) return poison("damaged", "a packed block is shorter than its head says");
  return std::string(text.view());
}

Result<std::vector<std::string>> lines_of(const std::vector<Block>& blocks) {
  std::vector<std::string> lines;
  for (const Block& block : blocks) {
    if (!block.packed) {
      lines.push_back(block.bytes);
      continue;
    }
    const auto text = unpacked(block.bytes, block.raw_bytes);
    if (!text) return text.error();
    for (std::string_view left = *text; !left.empty();) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      lines.emplace_back(left.substr(0, end));
      left.remove_prefix(std::min(end + 1, left.size()));
    }
  }
  return lines;
}

}  // namespace plumbline::agent
