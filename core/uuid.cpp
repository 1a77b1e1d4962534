#include "core/uuid.h"

#include <array>
#include <cstdlib>

#include <sys/random.h>

namespace plumbline {
namespace {

constexpr std::size_t kDashAt[] = {8, 13, 18, 23};
// Where the digits of each byte stand.
constexpr std::array<std::uint8_t, 16> kByteAt = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

// 0xff: no hexadecimal digit. A table, and errors gathered instead of asked for at each digit: consumers
// parse an id or three a line.
constexpr std::array<std::uint8_t, 256> kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(0xff);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = values[static_cast<std::size_t>('A' + i)] =
        static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

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
  const auto value = [&](std::size_t at) { return kHexValues[static_cast<unsigned char>(text[at])]; };
  Uuid id;
  unsigned wrong = 0;
  for (const std::size_t at : kDashAt) wrong |= static_cast<unsigned>(text[at] != '-') << 8;
  for (std::size_t i = 0; i < kByteAt.size(); ++i) {
    const unsigned high = value(kByteAt[i]), low = value(kByteAt[i] + 1U);
    wrong |= high | low;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (wrong > 15) return std::nullopt;
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
