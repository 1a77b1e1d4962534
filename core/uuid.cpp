#include "core/uuid.h"

#include <cstdlib>

#include <sys/random.h>

namespace plumbline {
namespace {

constexpr int kDashAt[] = {8, 13, 18, 23};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
  for (int at : kDashAt) {
    if (text[static_cast<std::size_t>(at)] != '-') return std::nullopt;
  }
  Uuid id;
  std::size_t at = 0;
  for (auto& byte : id.bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
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
