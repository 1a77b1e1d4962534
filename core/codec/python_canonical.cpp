#include "core/codec/python_canonical.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include <simdjson.h>

#include "core/limits.h"

namespace plumbline::codec {
namespace {

namespace od = simdjson::ondemand;
using Kind = PythonMember::Kind;

Error invalid(const char* what) {
  return poison("invalid_json", what);
}

Error invalid(simdjson::error_code code) {
  return poison("invalid_json", std::string("not JSON: ") + simdjson::error_message(code));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// RFC 8259's number; sets `whole` when there is neither fraction nor exponent.
bool is_number(std::string_view text, bool& whole) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto skip_digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - first;
  };
  const bool zero = at < text.size() && text[at] == '0';
  const std::size_t count = skip_digits();
  if (count == 0 || (zero && count > 1)) return false;
  whole = at == text.size();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (skip_digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

Result<Kind> append_number(std::string_view text, std::string& out) {
  bool whole = false;
  if (text.size() > limits::kNumberCharsMax) return invalid("a number is too long");
  if (!is_number(text, whole)) return invalid("not JSON: a malformed value");
  if (whole) {
    out += text == "-0" ? "0" : text;  // Python integers have any size and no negative zero
    return Kind::kInteger;
  }
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || !std::isfinite(value)) return invalid("a number is out of range");
  append_python_float(out, value);
  return Kind::kFloat;
}

Result<Kind> append_value(od::value value, std::string& out, std::string* text, int depth);

Result<Kind> append_array(od::value& value, std::string& out, int depth) {
  od::array items;
  if (const auto error = value.get_array().get(items)) return invalid(error);
  out += '[';
  bool first = true;
  for (auto item : items) {
    od::value element;
    if (const auto error = item.get(element)) return invalid(error);
    if (!std::exchange(first, false)) out += ',';
    if (auto appended = append_value(element, out, nullptr, depth + 1); !appended) return appended;
  }
  out += ']';
  return Kind::kArray;
}

using Pair = std::pair<std::string, std::string>;  // name and canonical value

// UTF-8 orders bytes as code points order, and so does Python order strings.
Status sort_names(auto& members, auto name_of) {
  std::sort(members.begin(), members.end(),
            [&](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  const auto repeated = std::adjacent_find(
      members.begin(), members.end(), [&](const auto& a, const auto& b) { return name_of(a) == name_of(b); });
  if (repeated != members.end()) return invalid("a key is repeated in one object");
  return ok_status();
}

Result<Kind> append_object(od::value& value, std::string& out, int depth) {
  od::object object;
  if (const auto error = value.get_object().get(object)) return invalid(error);
  std::vector<Pair> members;
  for (auto field : object) {
    std::string_view name;
    od::value member;
    if (const auto error = field.unescaped_key().get(name)) return invalid(error);
    members.emplace_back(std::string(name), std::string());
    if (const auto error = field.value().get(member)) return invalid(error);
    if (auto appended = append_value(member, members.back().second, nullptr, depth + 1); !appended)
      return appended;
  }
  if (Status sorted = sort_names(members, [](const Pair& pair) -> const std::string& { return pair.first; });
      !sorted) {
    return sorted.error();
  }
  out += '{';
  for (const Pair& member : members) {
    if (&member != members.data()) out += ',';
    append_python_string(out, member.first);
    out.append(":").append(member.second);
  }
  out += '}';
  return Kind::kObject;
}

Result<Kind> append_string(od::value& value, std::string& out, std::string* text) {
  std::string_view view;
  if (const auto error = value.get_string().get(view)) return invalid(error);
  append_python_string(out, view);
  if (text != nullptr) *text = view;
  return Kind::kString;
}

Result<Kind> append_value(od::value value, std::string& out, std::string* text, int depth) {
  if (depth > limits::kJsonDepthMax) return invalid("nested too deeply");
  const std::string_view token = trimmed(value.raw_json_token());
  if (token.empty()) return invalid("not JSON: a value is missing");
  switch (token.front()) {
    case '{':
      return append_object(value, out, depth);
    case '[':
      return append_array(value, out, depth);
    case '"':
      return append_string(value, out, text);
    case 't':
    case 'f':
    case 'n': {
      if (token != "true" && token != "false" && token != "null")
        return invalid("not JSON: a malformed value");
      out += token;
      return token.front() == 't' ? Kind::kTrue : token.front() == 'f' ? Kind::kFalse : Kind::kNull;
    }
    default:
      return append_number(token, out);
  }
}

// The parser wants readable room behind the text, so it works on this thread's copy; `raw` points into the
// caller's text.
struct Workspace {
  od::parser parser;
  std::string copy;
};

Workspace& workspace() {
  constexpr std::size_t kKeptBytesMax = std::size_t{1} << 20;  // a huge report must not stay in every thread
  thread_local auto space = std::make_unique<Workspace>();
  if (space->copy.capacity() > kKeptBytesMax) space = std::make_unique<Workspace>();
  return *space;
}

Result<PythonMember> read_member(simdjson::simdjson_result<od::field>& field, od::document& document,
                                 std::string_view json, const char* base) {
  PythonMember member;
  std::string_view name;
  od::value value;
  if (const auto error = field.unescaped_key().get(name)) return invalid(error);
  member.name = name;
  if (const auto error = field.value().get(value)) return invalid(error);
  const std::string_view token = value.raw_json_token();
  auto kind = append_value(value, member.canonical, &member.text, 2);
  if (!kind) return kind.error();
  member.kind = *kind;
  const auto first = static_cast<std::size_t>(token.data() - base);
  std::size_t size = trimmed(token).size();
  if (*kind == Kind::kObject || *kind == Kind::kArray) {
    const char* next = nullptr;
    if (const auto error = document.current_location().get(next)) return invalid(error);
    size = trimmed(json.substr(first, static_cast<std::size_t>(next - base) - first)).size();
  }
  member.raw = json.substr(first, size);
  return member;
}

}  // namespace

Result<PythonObject> PythonObject::parse(std::string_view json) {
  Workspace& space = workspace();
  const std::size_t first = json.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || json[first] != '{') return invalid("not a JSON object");
  space.copy.assign(json);
  space.copy.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  od::document document;
  od::object object;
  const simdjson::padded_string_view padded(space.copy.data(), json.size(), space.copy.capacity());
  if (const auto error = space.parser.iterate(padded).get(document)) return invalid(error);
  if (const auto error = document.get_object().get(object)) return invalid(error);
  PythonObject result;
  for (auto field : object) {
    auto member = read_member(field, document, json, space.copy.data());
    if (!member) return member.error();
    result.members_.push_back(std::move(*member));
  }
  if (!document.current_location().error()) return invalid("not JSON: something follows the object");
  Status sorted =
      sort_names(result.members_, [](const PythonMember& m) -> const std::string& { return m.name; });
  if (!sorted) return sorted.error();
  return result;
}

}  // namespace plumbline::codec
