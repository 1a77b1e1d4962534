// The head of an HTTP/1.1 request, read strictly (RFC 9112, and the list in docs/adr/0004-edge-shape.md):
// what two parsers could read differently is refused, because that difference is how requests are smuggled.
// Pure; no allocation.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace plumbline::http {

// One head: request line and fields. nginx and Apache default to 8 KiB a line and 32 KiB in all; signed
// requests need 1.
inline constexpr std::size_t kHeadBytesMax = std::size_t{16} << 10;
inline constexpr std::size_t kFieldsMax = 64;

struct HeadField {
  std::string_view name;
  std::string_view value;
};

struct RequestHead;

// Why a head or a body is refused. Always answered with `status`, after which the connection closes.
struct Refusal {
  int status = 400;
  std::string_view code;              // stable word
  std::string_view detail;            // what to change; static storage
  const RequestHead* head = nullptr;  // set for Handler::on_refusal when the head was read
};

// Views borrow from the parsed bytes.
struct RequestHead {
  std::string_view method;
  std::string_view target;  // origin form, starts with '/'
  int version_minor = 1;
  std::array<HeadField, kFieldsMax> fields;
  std::size_t field_count = 0;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool expect_continue = false;
  bool keep_alive = true;

  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  // The first field of that name (names are compared without case); empty when there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // The target without its query.
  [[nodiscard]] std::string_view path() const { return target.substr(0, target.find('?')); }
};

// Looks for the empty line that ends a head, from byte `from` on (0, or a former size of `bytes`). The number
// of bytes of the head with its empty line; 0 when more is needed. Sets `bare_lf` when a line ends without
// CR.
[[nodiscard]] std::size_t find_head_end(std::string_view bytes, std::size_t from, bool& bare_lf);

// Parses a whole head (as found by find_head_end). `head` is undefined after a refusal.
[[nodiscard]] std::optional<Refusal> parse_head(std::string_view bytes, RequestHead& head);

// ASCII only. Inline: a head's fields are asked for by name a dozen times, and most differ in size.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  // Most come as this program writes them.
  if (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0) return true;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

}  // namespace plumbline::http
