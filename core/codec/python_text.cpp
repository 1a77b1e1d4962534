#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "core/codec/python_canonical.h"

namespace plumbline::codec {
namespace {

void append_unit(std::string& out, std::uint32_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 15];
}

// Decodes the code point at `at` of valid UTF-8 and moves past it.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(at);
  const std::size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  std::uint32_t point = more == 0 ? first : first & (0x3fu >> more);
  for (std::size_t i = 1; i <= more && at + i < text.size(); ++i) point = point << 6 | (byte(at + i) & 0x3f);
  at += more + 1;
  return point;
}

void append_escaped(std::string& out, std::uint32_t point) {
  switch (point) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\b':
      out += "\\b";
      return;
    default:
      break;
  }
  if (point < 0x10000) return append_unit(out, point);
  append_unit(out, 0xd800 + ((point - 0x10000) >> 10));
  append_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

}  // namespace

void append_python_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += text[at++];
    } else {
      append_escaped(out, next_code_point(text, at));
    }
  }
  out += '"';
}

// repr prints the shortest digits that read back the same; with an exponent below 1e-4 and from 1e16 on.
void append_python_float(std::string& out, double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string_view text{buffer, static_cast<std::size_t>(end - buffer)};
  if (text.starts_with('-')) {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  std::string digits{text.substr(0, 1)};
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const std::string_view exponent_text = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out.append(".").append(digits, 1);
    out += text.substr(e);  // to_chars prints the sign and at least two digits, as repr does
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  } else {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    out.append(digits, 0, whole).append(".");
    out += digits.size() > whole ? digits.substr(whole) : "0";
  }
}

std::optional<std::string> PythonMember::str() const {
  switch (kind) {
    case PythonMember::Kind::kString:
      return text;
    case PythonMember::Kind::kInteger:
    case PythonMember::Kind::kFloat:
      return canonical;
    case PythonMember::Kind::kTrue:
      return "True";
    case PythonMember::Kind::kFalse:
      return "False";
    case PythonMember::Kind::kNull:
      return "None";
    case PythonMember::Kind::kObject:
    case PythonMember::Kind::kArray:
      break;
  }
  return std::nullopt;
}

const PythonMember* PythonObject::find(std::string_view name) const {
  const auto at = std::lower_bound(
      members_.begin(), members_.end(), name,
      [](const PythonMember& member, std::string_view wanted) { return member.name < wanted; });
  return at == members_.end() || at->name != name ? nullptr : &*at;
}

std::string PythonObject::canonical_without(std::string_view name) const {
  std::string out = "{";
  for (const PythonMember& member : members_) {
    if (!name.empty() && member.name == name) continue;
    if (out.size() > 1) out += ',';
    append_python_string(out, member.name);
    out.append(":").append(member.canonical);
  }
  out += '}';
  return out;
}

}  // namespace plumbline::codec
