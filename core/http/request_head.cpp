#include "core/http/request_head.h"

#include <charconv>
#include <cstring>

namespace plumbline::http {
namespace {

constexpr std::uint8_t kTokenChar = 1;   // RFC 9110 tchar
constexpr std::uint8_t kValueChar = 2;   // visible, space, tab or obs-text
constexpr std::uint8_t kTargetChar = 4;  // visible ASCII without '#'

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool tchar =
        alnum || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
    std::uint8_t bits = 0;
    if (tchar && c != 0) bits |= kTokenChar;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= kValueChar;
    if (c > 0x20 && c < 0x7f && c != '#') bits |= kTargetChar;
    classes[static_cast<std::size_t>(c)] = bits;
  }
  return classes;
}
constexpr auto kClasses = make_classes();

// Without a branch a byte: nearly every text is right.
bool all_of(std::string_view text, std::uint8_t wanted) {
  std::uint8_t common = wanted;
  for (const char c : text) common &= kClasses[static_cast<unsigned char>(c)];
  return common != 0;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<Refusal> parse_request_line(std::string_view line, RequestHead& head) {
  constexpr Refusal kBad{400, "bad_request_line", "send METHOD SP /path SP HTTP/1.1 with single spaces"};
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return kBad;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (head.method.empty() || head.method.size() > 16 || !all_of(head.method, kTokenChar)) return kBad;
  if (head.target.empty() || head.target.front() != '/' || !all_of(head.target, kTargetChar)) return kBad;
  if (version == "HTTP/1.1") {
    head.version_minor = 1;
  } else if (version == "HTTP/1.0") {
    head.version_minor = 0;
  } else if (version.size() == 8 && version.starts_with("HTTP/")) {
    return Refusal{505, "http_version", "this server speaks HTTP/1.1"};
  } else {
    return kBad;
  }
  return std::nullopt;
}

// A list of connection options; only "close" matters to HTTP/1.1.
bool lists_close(std::string_view value) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    if (equals_ignoring_case(trim(value.substr(0, comma)), "close")) return true;
    if (comma == std::string_view::npos) break;
    value.remove_prefix(comma + 1);
  }
  return false;
}

std::optional<Refusal> read_content_length(std::string_view value, RequestHead& head) {
  constexpr Refusal kBad{400, "bad_content_length", "send one Content-Length of 1 to 18 digits"};
  if (head.content_length || value.empty() || value.size() > 18) return kBad;
  std::uint64_t length = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), length);
  if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size()) return kBad;
  head.content_length = length;
  return std::nullopt;
}

struct Seen {
  int hosts = 0;
  int encodings = 0;
  int expects = 0;
};

std::optional<Refusal> note_field(const HeadField& field, RequestHead& head, Seen& seen) {
  switch (field.name.size()) {
    case 4:
      if (equals_ignoring_case(field.name, "host")) ++seen.hosts;
      break;
    case 6:
      if (!equals_ignoring_case(field.name, "expect") || head.version_minor == 0) break;
      if (++seen.expects > 1 || !equals_ignoring_case(field.value, "100-continue")) {
        return Refusal{417, "bad_expect", "the only Expect this server knows is 100-continue"};
      }
      head.expect_continue = true;
      break;
    case 10:
      if (equals_ignoring_case(field.name, "connection") && lists_close(field.value)) head.keep_alive = false;
      break;
    case 14:
      if (equals_ignoring_case(field.name, "content-length")) return read_content_length(field.value, head);
      break;
    case 17:
      if (!equals_ignoring_case(field.name, "transfer-encoding")) break;
      if (++seen.encodings > 1 || !equals_ignoring_case(field.value, "chunked") || head.version_minor == 0) {
        return Refusal{400, "bad_transfer_encoding",
                       "send one Transfer-Encoding: chunked over HTTP/1.1, or a Content-Length"};
      }
      head.chunked = true;
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<Refusal> parse_field(std::string_view line, RequestHead& head, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Refusal{400, "obs_fold", "a field value stands on one line"};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || !all_of(line.substr(0, colon), kTokenChar)) {
    return Refusal{400, "bad_field_name", "a field is name, colon, value; no space before the colon"};
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!all_of(value, kValueChar))
    return Refusal{400, "bad_field_value", "a field value holds no control characters"};
  if (head.field_count == kFieldsMax) return Refusal{431, "too_many_fields", "send at most 64 header fields"};
  HeadField& field = head.fields[head.field_count++];
  field = {line.substr(0, colon), value};
  return note_field(field, head, seen);
}

}  // namespace

std::string_view RequestHead::field(std::string_view name) const {
  for (std::size_t i = 0; i < field_count; ++i) {
    if (equals_ignoring_case(fields[i].name, name)) return fields[i].value;
  }
  return {};
}

std::size_t RequestHead::count(std::string_view name) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < field_count; ++i) found += equals_ignoring_case(fields[i].name, name) ? 1U : 0U;
  return found;
}

std::size_t find_head_end(std::string_view bytes, std::size_t from, bool& bare_lf) {
  bare_lf = false;
  while (from < bytes.size()) {
    const void* found = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
    if (found == nullptr) return 0;
    const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == 0 || bytes[at - 1] != '\r') {
      bare_lf = true;
      return 0;
    }
    if (at == 1 || (at >= 3 && bytes[at - 2] == '\n')) return at + 1;
    from = at + 1;
  }
  return 0;
}

std::optional<Refusal> parse_head(std::string_view bytes, RequestHead& head) {
  head.field_count = 0;
  head.content_length.reset();
  head.chunked = head.expect_continue = false;
  head.keep_alive = true;
  Seen seen;
  bool first = true;
  while (true) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return Refusal{400, "bad_request", "end the head with an empty line"};
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (line.empty() && !first) break;
    const auto refusal = first ? parse_request_line(line, head) : parse_field(line, head, seen);
    if (refusal) return refusal;
    first = false;
  }
  if (head.chunked && head.content_length) {
    return Refusal{400, "length_and_encoding", "send Content-Length or Transfer-Encoding, never both"};
  }
  if (seen.hosts > 1 || (seen.hosts == 0 && head.version_minor == 1)) {
    return Refusal{400, "bad_host", "send exactly one Host field"};
  }
  if (head.version_minor == 0) head.keep_alive = false;
  return std::nullopt;
}

}  // namespace plumbline::http
