#include "core/crypto/base64.h"

#include <array>

#include "core/crypto/sha256.h"

namespace plumbline::crypto {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 255;

constexpr std::array<std::uint8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  for (auto& value : table) value = kNone;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr auto kStandardValues = values_of(kStandard);
constexpr auto kUrlSafeValues = values_of(kUrlSafe);

std::string encode(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto in = as_bytes(bytes);
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const std::size_t left = in.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(in[i]) << 16 |
                                (left > 1 ? static_cast<std::uint32_t>(in[i + 1]) << 8 : 0u) |
                                (left > 2 ? static_cast<std::uint32_t>(in[i + 2]) : 0u);
    text += alphabet[group >> 18];
    text += alphabet[group >> 12 & 63];
    if (left > 1) text += alphabet[group >> 6 & 63];
    if (left > 2) text += alphabet[group & 63];
    if (pad && left < 3) text.append(3 - left, '=');
  }
  return text;
}

// `text` without padding.
std::optional<std::size_t> decode(std::string_view text, const std::array<std::uint8_t, 256>& values,
                                  std::span<std::uint8_t> out) {
  const std::size_t tail = text.size() % 4;
  const std::size_t size = text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1);
  if (tail == 1 || size > out.size()) return std::nullopt;
  std::size_t at = 0;
  // By four while there are four; what none of the alphabet means has a bit that no value has.
  for (; text.size() >= 4; text.remove_prefix(4)) {
    const auto value = [&](std::size_t i) {
      return std::uint32_t{values[static_cast<unsigned char>(text[i])]};
    };
    const std::uint32_t a = value(0), b = value(1), c = value(2), d = value(3);
    if (((a | b | c | d) & 64) != 0) return std::nullopt;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    out[at++] = static_cast<std::uint8_t>(group >> 16);
    out[at++] = static_cast<std::uint8_t>(group >> 8);
    out[at++] = static_cast<std::uint8_t>(group);
  }
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    bits = (bits << 6 | value) & 0xffffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[at++] = static_cast<std::uint8_t>(bits >> held);
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;  // another text would decode to the same bytes
  return at;
}

std::optional<std::string_view> without_padding(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) return text.substr(0, text.size() - 2);
  if (text.ends_with('=')) return text.substr(0, text.size() - 1);
  return text;
}

std::optional<std::string> decode_text(std::string_view text, const std::array<std::uint8_t, 256>& values) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const auto size =
      decode(text, values, {static_cast<std::uint8_t*>(static_cast<void*>(bytes.data())), bytes.size()});
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  return encode(bytes, kStandard, true);
}

std::string base64url_encode(std::string_view bytes) {
  return encode(bytes, kUrlSafe, false);
}

std::optional<std::string> base64_decode(std::string_view text) {
  const auto body = without_padding(text);
  if (!body) return std::nullopt;
  return decode_text(*body, kStandardValues);
}

std::optional<std::string> base64url_decode(std::string_view text) {
  return decode_text(text, kUrlSafeValues);
}

std::optional<std::size_t> base64_decode_into(std::string_view text, std::span<std::uint8_t> out) {
  const auto body = without_padding(text);
  if (!body) return std::nullopt;
  return decode(*body, kStandardValues, out);
}

}  // namespace plumbline::crypto
