#include "core/codec/utf8.h"

#include <algorithm>

namespace plumbline::codec {

std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto more = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  if (text.empty()) return 0;
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return more(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0, surrogate = first == 0xed && second > 0x9f;
    return more(1) && more(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
    return more(1) && more(2) && more(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

std::string repaired(std::string text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c > 0; })) return text;
  std::string made;
  made.reserve(text.size() + 8);
  for (std::string_view left = text; !left.empty();) {
    const std::size_t size = left.front() == '\0' ? 0 : character_size(left);
    made += size == 0 ? kReplacementCharacter : left.substr(0, size);
    left.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return made;
}

}  // namespace plumbline::codec
