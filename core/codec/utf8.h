// Well-formed UTF-8 (Unicode 15, table 3-7). Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace plumbline::codec {

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

// Bytes of the character that `text` begins with; 0 when it begins with none.
[[nodiscard]] std::size_t character_size(std::string_view text);

// `text` with U+FFFD for each byte that belongs to no character, and for U+0000, which the JSON profile
// refuses.
[[nodiscard]] std::string repaired(std::string text);

}  // namespace plumbline::codec
