#include "producers/agent/spool_format.h"

#include <charconv>
#include <cstring>

#include "core/log/embedded/crc32c.h"

namespace plumbline::agent {
namespace {

constexpr char kMagic[4] = {'P', 'S', 'p', '1'};
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

std::uint32_t checksum(const char* from_length, std::string_view line) {
  return log::embedded::crc32c(log::embedded::crc32c(0, from_length, 8), line.data(), line.size());
}

}  // namespace

std::size_t frame_bytes(const Item& item) {
  return kFrameHeadBytes + item.line.size();
}

void append_frame(std::string& out, const Item& item) {
  char head[kFrameHeadBytes] = {};
  std::memcpy(head, kMagic, sizeof kMagic);
  put32(head + 8, static_cast<std::uint32_t>(item.line.size()));
  head[12] = item.report ? 1 : 0;
  put32(head + 4, checksum(head + 8, item.line));
  out.append(head, sizeof head).append(item.line);
}

FrameState read_frame(std::string_view text, Frame& frame) {
  if (text.size() < kFrameHeadBytes) return FrameState::kShort;
  if (std::memcmp(text.data(), kMagic, sizeof kMagic) != 0) return FrameState::kDamaged;
  const std::size_t length = get32(text.data() + 8);
  if (length > kFrameLineMax) return FrameState::kDamaged;
  if (text.size() < kFrameHeadBytes + length) return FrameState::kShort;
  frame.line = text.substr(kFrameHeadBytes, length);
  frame.report = text[12] == 1;
  frame.bytes = kFrameHeadBytes + length;
  return get32(text.data() + 4) == checksum(text.data() + 8, frame.line) ? FrameState::kWhole
                                                                         : FrameState::kDamaged;
}

std::size_t next_frame(std::string_view text) {
  const std::size_t at = text.find(std::string_view(kMagic, sizeof kMagic), 1);
  if (at != std::string_view::npos) return at;
  return text.size() > sizeof kMagic ? text.size() - sizeof kMagic + 1
                                     : 1;  // one may begin in the last bytes
}

std::string segment_name(std::uint64_t number) {
  char digits[kNumberDigits];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, 16);
  const auto size = static_cast<std::size_t>(end - digits);
  return std::string(kNumberDigits - size, '0') + std::string(digits, size) + std::string(kSuffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != kNumberDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNumberDigits, number, 16);
  if (error != std::errc{} || end != name.data() + kNumberDigits) return std::nullopt;
  return number;
}

}  // namespace plumbline::agent
