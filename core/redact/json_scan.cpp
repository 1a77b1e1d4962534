#include "core/redact/json_scan.h"

#include "core/codec/text.h"

namespace plumbline::redact {
namespace {

std::size_t string_size(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('"', at), text.size());
    const std::size_t escape = text.substr(at, end - at).find('\\');
    if (escape == text.npos) return std::min(end + 1, text.size());
    at += escape + 2;
  }
  return text.size();
}

}  // namespace

std::string_view skip_space(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && codec::is_space(text[at])) ++at;
  return text.substr(at);
}

std::size_t value_size(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] == '"') return string_size(text);
  if (text[0] != '{' && text[0] != '[') return std::min(text.find_first_of(",]} \t\r\n"), text.size());
  std::size_t depth = 0, at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at += string_size(text.substr(at));
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return at;
}

std::string unescaped(std::string_view raw) {
  std::string_view text = raw.size() >= 2 ? raw.substr(1, raw.size() - 2) : std::string_view{};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const codec::Escape escape = codec::read_escape(text);
    if (escape.wrong != nullptr || escape.used == 0) break;  // not of a valid text
    out.append(escape.bytes, escape.size);
    text.remove_prefix(escape.used);
  }
  return out;
}

bool Items::next() {
  text_ = skip_space(text_);
  if (text_.starts_with(',')) text_ = skip_space(text_.substr(1));
  if (text_.empty() || text_[0] == '}' || text_[0] == ']') return false;
  if (object_) {
    const std::size_t size = value_size(text_);
    name_ = text_.substr(0, size);
    text_ = skip_space(text_.substr(size));
    if (text_.starts_with(':')) text_ = skip_space(text_.substr(1));
  }
  const std::size_t size = value_size(text_);
  value_ = text_.substr(0, size);
  text_.remove_prefix(size);
  return size > 0;
}

}  // namespace plumbline::redact
