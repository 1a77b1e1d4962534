// Small judges of text that the walker and the body splitter share. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/codec/rules.h"

namespace plumbline::codec {

[[nodiscard]] constexpr bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Of valid UTF-8.
[[nodiscard]] std::size_t count_code_points(std::string_view text);

// The length of the JSON number at the front of `text`, or what is wrong with it (schemas/json-profile.md,
// "Numbers").
struct NumberText {
  std::size_t size = 0;
  const char* wrong = nullptr;
};
[[nodiscard]] NumberText scan_number(std::string_view text);
// Of a text that scan_number took: the nearest double.
[[nodiscard]] double to_double(std::string_view number);

// The escape at the front of `text` (a backslash and what follows). `used` characters stand for `bytes` of
// UTF-8.
struct Escape {
  std::size_t used = 0;
  std::size_t size = 0;
  char bytes[4] = {};
  const char* wrong = nullptr;
};
[[nodiscard]] Escape read_escape(std::string_view text);
// The text between two quotes, without its escapes, to `to`, which has room for raw.size(). `wrong` is for
// people: what the first wrong escape is; then `size` means nothing.
struct Unescaped {
  std::size_t size = 0;
  const char* wrong = nullptr;
};
[[nodiscard]] Unescaped unescape(std::string_view raw, char* to);

// Formats that need no parsing (kHash and below). For people: what `format` wants.
[[nodiscard]] bool has_format(std::string_view text, Format format);
[[nodiscard]] std::string_view format_words(Format format);

// Any 64-bit mix that spreads short names; reads no byte outside of `text`.
[[nodiscard]] std::uint64_t name_hash(std::string_view text);

}  // namespace plumbline::codec
