#include "producers/agent/spool_format.h"

#include <charconv>
#include <cstring>

#include "core/log/crc32c.h"

namespace plumbline::agent {
namespace {

constexpr std::string_view kMagic = "PSp";  // and '1' for one line, '2' for packed ones
constexpr std::size_t kMagicBytes = 4;
constexpr std::string_view kSuffix = ".spool";
constexpr std::size_t kNumberDigits = 16;

void put32(char* out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (8 * i));
}

std::uint32_t get32(const char* in) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(in[i])} << (8 * i);
  return value;
}

std::uint32_t checksum(std::string_view from_length, std::string_view body) {
  return log::crc32c(log::crc32c(0, from_length.data(), from_length.size()), body.data(), body.size());
}

std::string hex(std::uint64_t number) {
  char digits[kNumberDigits];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, 16);
  const auto size = static_cast<std::size_t>(end - digits);
  return std::string(kNumberDigits - size, '0') + std::string(digits, size);
}

// "segment offset" in decimal, as versions before 0.2 wrote it.
std::optional<Position> parse_old_cursor(std::string_view text) {
  Position position;
  const char* const end = text.data() + text.size();
  const auto [space, wrong] = std::from_chars(text.data(), end, position.segment);
  if (wrong != std::errc{} || space == end || *space != ' ') return std::nullopt;
  const auto [line_end, bad] = std::from_chars(space + 1, end, position.offset);
  if (bad != std::errc{} || line_end == end || *line_end != '\n') return std::nullopt;
  return position;
}

}  // namespace

std::size_t frame_bytes(const Block& block) {
  return (block.packed ? kPackedHeadBytes : kFrameHeadBytes) + block.bytes.size();
}

void append_frame(std::string& out, const Block& block) {
  const std::size_t size = block.packed ? kPackedHeadBytes : kFrameHeadBytes;
  char head[kPackedHeadBytes] = {'P', 'S', 'p', block.packed ? '2' : '1'};
  put32(head + 8, static_cast<std::uint32_t>(block.bytes.size()));
  head[12] = block.report ? 1 : 0;
  if (block.packed) {
    put32(head + 16, block.items);
    put32(head + 20, block.raw_bytes);
  }
  put32(head + 4, checksum({head + 8, size - 8}, block.bytes));
  out.append(head, size).append(block.bytes);
}

FrameState read_frame(std::string_view text, Frame& frame) {
  if (text.size() < kFrameHeadBytes) return FrameState::kShort;
  if (!text.starts_with(kMagic) || (text[3] != '1' && text[3] != '2')) return FrameState::kDamaged;
  frame.packed = text[3] == '2';
  const std::size_t head = frame.packed ? kPackedHeadBytes : kFrameHeadBytes;
  const std::size_t length = get32(text.data() + 8);
  if (length > kFrameLineMax) return FrameState::kDamaged;
  if (text.size() < head + length) return FrameState::kShort;
  frame.body = text.substr(head, length);
  frame.report = text[12] == 1;
  frame.items = frame.packed ? get32(text.data() + 16) : 1;
  frame.raw_bytes = frame.packed ? get32(text.data() + 20) : static_cast<std::uint32_t>(length + 1);
  frame.bytes = head + length;
  return get32(text.data() + 4) == checksum(text.substr(8, head - 8), frame.body) ? FrameState::kWhole
                                                                                  : FrameState::kDamaged;
}

std::size_t next_frame(std::string_view text) {
  const std::size_t at = text.find(kMagic, 1);
  if (at != std::string_view::npos) return at;
  return text.size() > kMagicBytes ? text.size() - kMagicBytes + 1 : 1;  // one may begin in the last bytes
}

std::string cursor_text(const Position& position) {
  std::string text = hex(position.segment) + " " + hex(position.offset) + " " + hex(position.item);
  const std::uint32_t sum = log::crc32c(0, text.data(), text.size());
  return text + " " + hex(sum) + "\n";
}

std::optional<Position> parse_cursor(std::string_view text) {
  constexpr std::size_t kStep = kNumberDigits + 1;  // a number and what ends it
  std::uint64_t parts[4] = {};
  if (text.size() != 4 * kStep || text.back() != '\n') return parse_old_cursor(text);
  for (std::size_t i = 0; i < 4; ++i) {
    const char* const from = text.data() + i * kStep;
    if (std::from_chars(from, from + kNumberDigits, parts[i], 16).ptr != from + kNumberDigits)
      return std::nullopt;
  }
  if (parts[3] != log::crc32c(0, text.data(), 3 * kStep - 1)) return std::nullopt;
  return Position{parts[0], parts[1], parts[2]};
}

std::string segment_name(std::uint64_t number) {
  return hex(number) + std::string(kSuffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != kNumberDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNumberDigits, number, 16);
  if (error != std::errc{} || end != name.data() + kNumberDigits) return std::nullopt;
  return number;
}

}  // namespace plumbline::agent
