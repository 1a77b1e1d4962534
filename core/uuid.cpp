#include "core/uuid.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <sys/random.h>

namespace plumbline {
namespace {

constexpr std::size_t kDashAt[] = {8, 13, 18, 23};
// Where the two halves of each eight digits stand.
constexpr std::array<std::pair<std::uint8_t, std::uint8_t>, 4> kDigitsAt = {
    {{0, 4}, {9, 14}, {19, 24}, {28, 32}}};

constexpr std::uint64_t kEach = 0x0101010101010101;
constexpr std::uint64_t kTops = 0x80 * kEach;

// The top bit of each byte of `bytes`, all below 0x80, that is not below `least`.
constexpr std::uint64_t at_least(std::uint64_t bytes, std::uint64_t least) {
  return (bytes + (0x80 - least) * kEach) & kTops;
}

// Eight hexadecimal digits at once, the first in the lowest byte: their four bytes, in the same order. False
// in `right` when one is none. Consumers parse an id or three a line.
constexpr std::uint32_t eight_digits(std::uint64_t text, bool& right) {
  const std::uint64_t low = text & ~kTops;
  const std::uint64_t lower = low | 0x20 * kEach;
  const std::uint64_t digits = at_least(low, '0') & ~at_least(low, '9' + 1);
  const std::uint64_t letters = at_least(lower, 'a') & ~at_least(lower, 'f' + 1);
  right = right && ((digits | letters) & ~text & kTops) == kTops;
  const std::uint64_t values = (text & 0x0f * kEach) + (letters >> 7) * 9;
  std::uint64_t bytes = (values << 4 | values >> 8) & 0x00ff00ff00ff00ff;
  bytes = (bytes | bytes >> 8) & 0x0000ffff0000ffff;
  return static_cast<std::uint32_t>(bytes | bytes >> 16);
}
static_assert(std::endian::native == std::endian::little);

}  // namespace

void Uuid::write_to(char* out) const {
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[bytes[i] >> 4];
    *out++ = kHex[bytes[i] & 15];
  }
}

std::string Uuid::to_string() const {
  std::string text(36, '\0');
  write_to(text.data());
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  bool right = true;
  for (const std::size_t at : kDashAt) right = right && text[at] == '-';
  for (std::size_t i = 0; i < kDigitsAt.size(); ++i) {
    std::uint32_t halves[2];
    std::memcpy(&halves[0], text.data() + kDigitsAt[i].first, sizeof(std::uint32_t));
    std::memcpy(&halves[1], text.data() + kDigitsAt[i].second, sizeof(std::uint32_t));
    const std::uint32_t bytes = eight_digits(std::uint64_t{halves[1]} << 32 | halves[0], right);
    std::memcpy(id.bytes.data() + 4 * i, &bytes, sizeof bytes);
  }
  if (!right) return std::nullopt;
  return id;
}

Uuid Uuid::random() {
  Uuid id;
  if (getrandom(id.bytes.data(), id.bytes.size(), 0) != static_cast<ssize_t>(id.bytes.size())) std::abort();
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x40);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace plumbline
