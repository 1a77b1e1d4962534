#include "core/codec/text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/limits.h"

namespace plumbline::codec {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Branch-free over a fixed length, so that it becomes a few vector instructions: two of these in each chained
// decision.
bool is_hash(std::string_view text) {
  if (text.size() != 64) return false;
  unsigned wrong = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool digit = static_cast<unsigned char>(c - '0') < 10;
    const bool letter = static_cast<unsigned char>(c - 'a') < 6;
    wrong |= static_cast<unsigned>(!(digit | letter));
  }
  return wrong == 0;
}
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::size_t digits_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Four hexadecimal digits at `at`; -1 when they are not there.
int hex4(std::string_view text, std::size_t at) {
  unsigned value = 0;
  if (text.size() < at + 4) return -1;
  const auto read = std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
  return read.ec == std::errc{} && read.ptr == text.data() + at + 4 ? static_cast<int>(value) : -1;
}

bool is_base64(std::string_view text) {
  if (text.size() % 4 != 0) return false;
  std::size_t end = text.size();
  for (int pads = 0; pads < 2 && end > 0 && text[end - 1] == '='; ++pads) --end;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

void encode_utf8(std::uint32_t code_point, Escape& escape) {
  const auto put = [&](std::uint32_t byte) { escape.bytes[escape.size++] = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3f));
    put(0x80 | ((code_point >> 6) & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

Escape read_unicode_escape(std::string_view text) {
  Escape escape;
  const int first = hex4(text, 2);
  if (first < 0) {
    escape.wrong = "has a \\u escape without four hexadecimal digits";
  } else if (first == 0) {
    escape.wrong = "has \\u0000, which no database text can hold";
  } else if (first < 0xd800 || first > 0xdfff) {
    escape.used = 6;
    encode_utf8(static_cast<std::uint32_t>(first), escape);
  } else {
    const bool pair = first < 0xdc00 && text.size() >= 12 && text[6] == '\\' && text[7] == 'u';
    const int second = pair ? hex4(text, 8) : -1;
    if (second < 0xdc00 || second > 0xdfff) {
      escape.wrong = "has a lone surrogate";
    } else {
      escape.used = 12;
      encode_utf8(0x10000 + ((static_cast<std::uint32_t>(first) & 0x3ff) << 10) +
                      (static_cast<std::uint32_t>(second) & 0x3ff),
                  escape);
    }
  }
  return escape;
}

}  // namespace

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

NumberText scan_number(std::string_view text) {
  text = text.substr(0, limits::kNumberCharsMax + 1);
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t whole = at;
  at = digits_end(text, at);
  const std::size_t whole_digits = at - whole;
  if (whole_digits == 0) return {0, "is no number"};
  if (whole_digits > 1 && text[whole] == '0') return {0, "is a number with a leading zero"};
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = at + 1;
    at = digits_end(text, fraction);
    if (at == fraction && at <= limits::kNumberCharsMax)
      return {0, "is a number with a point and no digit behind it"};
  }
  int exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t digits = at;
    at = digits_end(text, digits);
    if (at == digits && at <= limits::kNumberCharsMax)
      return {0, "is a number with an exponent and no digit in it"};
    for (std::size_t i = digits; i < at; ++i) exponent = std::min(exponent * 10 + (text[i] - '0'), 100000);
    if (negative) exponent = -exponent;
  }
  if (at > limits::kNumberCharsMax) return {0, "is a number of more than 64 characters"};
  if (exponent < -limits::kNumberExponentMax || exponent > limits::kNumberExponentMax) {
    return {0, "is a number whose exponent is beyond 308"};
  }
  if (exponent + static_cast<int>(whole_digits) > limits::kNumberExponentMax)
    return {0, "is a number beyond 1e308"};
  return {at, nullptr};
}

double to_double(std::string_view number) {
  if (number.size() <= 15) {
    std::int64_t exact = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), exact);
    if (read.ec == std::errc{} && read.ptr == number.data() + number.size())
      return static_cast<double>(exact);
  }
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);  // stays 0 where it underflows
  return value;
}

Escape read_escape(std::string_view text) {
  Escape escape;
  const char letter = text.size() > 1 ? text[1] : '\0';
  if (letter == 'u') return read_unicode_escape(text);
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t which = letter == '\0' ? std::string_view::npos : kLetters.find(letter);
  if (which == std::string_view::npos) {
    escape.wrong = "has an escape that JSON does not know";
    return escape;
  }
  escape.used = 2;
  escape.size = 1;
  escape.bytes[0] = kMeanings[which];
  return escape;
}

Unescaped unescape(std::string_view raw, char* to) {
  char* const start = to;
  std::size_t from = 0;
  for (std::size_t slash = raw.find('\\'); slash != std::string_view::npos; slash = raw.find('\\', from)) {
    std::memcpy(to, raw.data() + from, slash - from);
    to += slash - from;
    const Escape escape = read_escape(raw.substr(slash));
    if (escape.wrong != nullptr) return {0, escape.wrong};
    std::memcpy(to, escape.bytes, escape.size);
    to += escape.size;
    from = slash + escape.used;
  }
  std::memcpy(to, raw.data() + from, raw.size() - from);
  return {static_cast<std::size_t>(to - start) + raw.size() - from, nullptr};
}

bool has_format(std::string_view text, Format format) {
  const auto all = [&](auto&& allowed) { return std::all_of(text.begin(), text.end(), allowed); };
  switch (format) {
    case Format::kHashOrEmpty:
      return text.empty() || is_hash(text);
    case Format::kHash:
      return is_hash(text);
    case Format::kKeyId:
      return all([](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
    case Format::kWord:
      return all([](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_'; });
    case Format::kBase64:
      return is_base64(text);
    default:
      return true;
  }
}

std::string_view format_words(Format format) {
  switch (format) {
    case Format::kUuid:
      return "must be a UUID: 8-4-4-4-12 hexadecimal digits";
    case Format::kTime:
      return "must be an RFC 3339 date-time with an offset, such as 2026-11-02T09:00:00Z";
    case Format::kHash:
      return "must be 64 lower-case hexadecimal digits";
    case Format::kHashOrEmpty:
      return "must be empty or 64 lower-case hexadecimal digits";
    case Format::kKeyId:
      return "must consist of A-Z a-z 0-9 _ -";
    case Format::kWord:
      return "must consist of a-z 0-9 _";
    case Format::kBase64:
      return "must be base64 with padding";
    case Format::kNone:
      break;
  }
  return "must be text";
}

std::uint64_t name_hash(std::string_view text) {
  std::uint64_t head = 0, tail = 0;
  const std::size_t size = text.size();
  if (size >= 8) {
    std::memcpy(&head, text.data(), 8);
    std::memcpy(&tail, text.data() + size - 8, 8);
  } else if (size >= 4) {
    std::uint32_t low = 0, high = 0;
    std::memcpy(&low, text.data(), 4);
    std::memcpy(&high, text.data() + size - 4, 4);
    head = low;
    tail = high;
  } else if (size > 0) {
    head = static_cast<unsigned char>(text[0]);
    tail = static_cast<std::uint64_t>(static_cast<unsigned char>(text[size / 2])) << 8 |
           static_cast<unsigned char>(text[size - 1]);
  }
  std::uint64_t mixed = (head ^ (size * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  mixed = (mixed ^ (mixed >> 32) ^ tail) * 0xc4ceb9fe1a85ec53ULL;
  return mixed ^ (mixed >> 29);
}

}  // namespace plumbline::codec
