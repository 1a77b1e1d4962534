#include "core/codec/json_writer.h"

#include "core/codec/utf8.h"

namespace plumbline::codec {
namespace {

void append_control(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\0':
      out += kReplacementCharacter;
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x80) {
      const std::size_t size = character_size(text.substr(at));
      out += size == 0 ? kReplacementCharacter : text.substr(at, size);
      at += size == 0 ? 1 : size;
      continue;
    }
    if (c < 0x20) {
      append_control(out, c);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += static_cast<char>(c);
    }
    ++at;
  }
  out += '"';
}

}  // namespace plumbline::codec
