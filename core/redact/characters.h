// Classes of ASCII characters that the detectors share. Pure.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plumbline::redact {

[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
[[nodiscard]] constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
[[nodiscard]] constexpr bool is_alnum(char c) {
  return is_digit(c) || is_upper(c) || is_lower(c);
}
[[nodiscard]] constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
[[nodiscard]] constexpr bool is_base64url(char c) {
  return is_alnum(c) || c == '_' || c == '-';
}
[[nodiscard]] constexpr bool is_base64(char c) {
  return is_base64url(c) || c == '+' || c == '/' || c == '=';
}
[[nodiscard]] constexpr char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

template <class Class>
[[nodiscard]] std::size_t run_of(std::string_view text, std::size_t from, Class in_class) {
  std::size_t end = from;
  while (end < text.size() && in_class(text[end])) ++end;
  return end;
}

// `word` is lower case.
[[nodiscard]] constexpr bool starts_ignoring_case(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(text[i]) != word[i]) return false;
  }
  return true;
}

// Which characters a text has at all: most values lack what a detector needs, and need not be searched.
struct Census {
  enum : std::uint32_t {
    kDigit = 1,
    kUpper = 2,
    kAt = 4,
    kAssigns = 8,  // = :
    kDash = 16,
    kSpace = 32,  // and tabs, quotes, backslashes, backticks
    kSlash = 64,  // and backslashes
    kPlus = 128,
    kDot = 256,
    kColon = 512,
  };
  std::uint32_t has = 0;
  std::size_t digits = 0;

  explicit constexpr Census(std::string_view text) {
    for (const char c : text) {
      const std::uint32_t is = kOf[static_cast<unsigned char>(c)];
      has |= is;
      digits += is & kDigit;
    }
  }
  [[nodiscard]] constexpr bool all(std::uint32_t wanted) const { return (has & wanted) == wanted; }

 private:
  static constexpr std::array<std::uint16_t, 256> kOf = [] {
    std::array<std::uint16_t, 256> of{};
    for (char c = '0'; c <= '9'; ++c) of[static_cast<unsigned char>(c)] = kDigit;
    for (char c = 'A'; c <= 'Z'; ++c) of[static_cast<unsigned char>(c)] = kUpper;
    for (const char c : {' ', '\t', '"', '\'', '`'}) of[static_cast<unsigned char>(c)] = kSpace;
    of['@'] = kAt;
    of['='] = kAssigns;
    of[':'] = kAssigns | kColon;
    of['-'] = kDash;
    of['\\'] = kSpace | kSlash;
    of['/'] = kSlash;
    of['+'] = kPlus;
    of['.'] = kDot;
    return of;
  }();
};

}  // namespace plumbline::redact
