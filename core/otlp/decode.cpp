#include "core/otlp/decode.h"

#include <cstring>
#include <string>
#include <utility>

#include "core/codec/utf8.h"
#include "core/limits.h"

namespace plumbline::otlp {
namespace {

// Lists that one large request grew are not kept for small ones.
constexpr std::size_t kListBytesKept = std::size_t{256} << 10;

template <class T>
void begin_again(std::vector<T>& list) {
  if (list.capacity() * sizeof(T) > kListBytesKept) list = {};
  list.clear();
}

void begin_again(Request& request) {
  request.resources = {};
  request.arena.reset();
  begin_again(request.lists.values);
  begin_again(request.lists.attributes);
  begin_again(request.lists.events);
  begin_again(request.lists.records);
  begin_again(request.lists.scopes);
  begin_again(request.lists.resources);
}

// Eight bytes at a time.
bool is_plain_ascii(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    if ((((word - kOnes) | word) & kHighs) != 0) return false;
  }
  for (; left > 0; --left, ++at) {
    if (static_cast<signed char>(*at) <= 0) return false;
  }
  return true;
}

}  // namespace

std::string_view repaired(std::string_view text, Arena& arena) {
  if (is_plain_ascii(text)) return text;
  const std::string made = codec::repaired(std::string(text));
  return made == text ? text : arena.copy(made);
}

std::size_t Request::records() const {
  std::size_t all = 0;
  for (const Resource& resource : resources) {
    for (const Scope& scope : resource.scopes) all += scope.records.size();
  }
  return all;
}

const Value* find(Attributes attributes, std::string_view key) {
  for (const auto& [name, value] : attributes) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string_view text_of(Attributes attributes, std::string_view key) {
  const Value* value = find(attributes, key);
  return value != nullptr && value->kind() == Value::Kind::kText ? value->text() : std::string_view{};
}

Status decode(Signal signal, Encoding encoding, std::string_view body, Request& into) {
  begin_again(into);
  into.signal = signal;
  if (Status read = encoding == Encoding::kJson ? decode_json(body, into) : decode_protobuf(body, into);
      !read)
    return read;
  if (into.records() > limits::kTracesPerRequestMax) {
    return poison("too_large", "the request has " + std::to_string(into.records()) + " records; at most " +
                                   std::to_string(limits::kTracesPerRequestMax) +
                                   " go into one: send smaller batches");
  }
  return ok_status();
}

Result<Request> decode(Signal signal, Encoding encoding, std::string_view body) {
  Request request;
  if (Status decoded = decode(signal, encoding, body, request); !decoded) return decoded.error();
  return request;
}

}  // namespace plumbline::otlp
