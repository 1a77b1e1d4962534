// Field numbers: opentelemetry-proto, opentelemetry/proto/{trace,logs,common,resource}/v1 and collector/*/v1.
#include <array>
#include <string>

#include "core/limits.h"
#include "core/otlp/decode.h"
#include "core/otlp/wire.h"

namespace plumbline::otlp {
namespace {

constexpr std::array<std::array<char, 2>, 256> kHex = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> hex{};
  for (std::size_t i = 0; i < hex.size(); ++i) hex[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return hex;
}();

// What a message repeats is gathered in a list and moved to the arena at its end: a list may have the
// elements of the messages around it below.
class Reader {
 public:
  explicit Reader(Request& into)
      : request_(into), arena_(into.arena), lists_(into.lists), signal_(into.signal) {}

  bool request(std::string_view message) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !(room() && resource(wire.bytes()))) return false;
    }
    request_.resources = arena_.take(lists_.resources, 0);
    return !wire.bad();
  }
  [[nodiscard]] bool full() const { return full_; }

 private:
  // One more element may be made.
  bool room() {
    full_ = full_ || elements_++ >= kElementsMax;
    return !full_;
  }
  std::string_view hex(std::string_view bytes) {
    // An id of zeros is none.
    if (bytes.find_first_not_of('\0') == std::string_view::npos) return "";
    char* const text = arena_.allocate(bytes.size() * 2);
    char* at = text;
    for (const char c : bytes) {
      const auto& pair = kHex[static_cast<std::uint8_t>(c)];
      *at++ = pair[0];
      *at++ = pair[1];
    }
    return {text, bytes.size() * 2};
  }
  std::string_view text(std::string_view bytes) { return repaired(bytes, arena_); }

  bool value(std::string_view message, Value& into, int depth) {
    if (depth > kValueDepthMax) return false;
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1)) {
        into = Value::of_text(text(wire.bytes()));
      } else if (wire.is_varint(2)) {
        into = Value::of_bool(wire.number() != 0);
      } else if (wire.is_varint(3)) {
        into = Value::of_integer(static_cast<std::int64_t>(wire.number()));
      } else if (wire.is_fixed64(4)) {
        into = Value::of_double(wire.real());
      } else if (wire.is_bytes(5)) {
        if (!items(wire.bytes(), into, depth)) return false;
      } else if (wire.is_bytes(6)) {
        if (!members(wire.bytes(), into, depth)) return false;
      } else if (wire.is_bytes(7)) {
        into = Value::of_bytes(wire.bytes());
      }
    }
    return !wire.bad();
  }
  bool items(std::string_view message, Value& into, int depth) {
    const std::size_t from = lists_.values.size();
    Wire wire(message);
    while (wire.next()) {
      if (!wire.is_bytes(1)) continue;
      Value item;
      if (!room() || !value(wire.bytes(), item, depth + 1)) return false;
      lists_.values.push_back(item);
    }
    into = Value::of_items(arena_.take(lists_.values, from));
    return !wire.bad();
  }
  // KeyValueList
  bool members(std::string_view message, Value& into, int depth) {
    const std::size_t from = lists_.attributes.size();
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !pair(wire.bytes(), depth + 1)) return false;
    }
    into = Value::of_members(arena_.take(lists_.attributes, from));
    return !wire.bad();
  }
  bool pair(std::string_view message, int depth = 0) {
    if (!room()) return false;
    Wire wire(message);
    Attribute made;
    while (wire.next()) {
      if (wire.is_bytes(1)) made.key = text(wire.bytes());
      if (wire.is_bytes(2) && !value(wire.bytes(), made.value, depth)) return false;
    }
    lists_.attributes.push_back(made);
    return !wire.bad();
  }

  bool resource(std::string_view message) {
    const std::size_t attributes_from = lists_.attributes.size(), from = lists_.scopes.size();
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !attributes_of(wire.bytes())) return false;
      if (wire.is_bytes(2) && !(room() && scope(wire.bytes()))) return false;
    }
    Resource made;
    made.scopes = arena_.take(lists_.scopes, from);
    made.attributes = arena_.take(lists_.attributes, attributes_from);
    lists_.resources.push_back(made);
    return !wire.bad();
  }
  // Resource
  bool attributes_of(std::string_view message) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !pair(wire.bytes())) return false;
    }
    return !wire.bad();
  }
  bool scope(std::string_view message) {
    const std::size_t from = lists_.records.size();
    Scope made;
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !scope_name(wire.bytes(), made)) return false;
      if (!wire.is_bytes(2)) continue;
      full_ = full_ || records_++ >= limits::kTracesPerRequestMax;
      if (full_) return false;
      Record record;
      const std::size_t attributes_from = lists_.attributes.size(), events_from = lists_.events.size();
      if (!(signal_ == Signal::kTraces ? span(wire.bytes(), record) : log_record(wire.bytes(), record)))
        return false;
      record.attributes = arena_.take(lists_.attributes, attributes_from);
      record.events = arena_.take(lists_.events, events_from);
      lists_.records.push_back(record);
    }
    made.records = arena_.take(lists_.records, from);
    lists_.scopes.push_back(made);
    return !wire.bad();
  }
  bool scope_name(std::string_view message, Scope& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1)) into.name = text(wire.bytes());
      if (wire.is_bytes(2)) into.version = text(wire.bytes());
    }
    return !wire.bad();
  }
  bool span(std::string_view message, Record& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(9)) {  // most of them
        if (!pair(wire.bytes())) return false;
        continue;
      }
      if (wire.is_bytes(1)) into.trace_id = hex(wire.bytes());
      if (wire.is_bytes(2)) into.span_id = hex(wire.bytes());
      if (wire.is_bytes(4)) into.parent_span_id = hex(wire.bytes());
      if (wire.is_bytes(5)) into.name = text(wire.bytes());
      if (wire.is_varint(6)) into.kind = static_cast<int>(wire.number() & 0xff);
      if (wire.is_fixed64(7)) into.start_ns = wire.number();
      if (wire.is_fixed64(8)) into.end_ns = wire.number();
      if (wire.is_bytes(11) && !(room() && event(wire.bytes()))) return false;
      if (wire.is_bytes(15) && !status(wire.bytes(), into)) return false;
    }
    return !wire.bad();
  }
  bool event(std::string_view message) {
    const std::size_t from = lists_.attributes.size();
    SpanEvent made;
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_fixed64(1)) made.time_ns = wire.number();
      if (wire.is_bytes(2)) made.name = text(wire.bytes());
      if (wire.is_bytes(3) && !pair(wire.bytes())) return false;
    }
    made.attributes = arena_.take(lists_.attributes, from);
    lists_.events.push_back(made);
    return !wire.bad();
  }
  bool status(std::string_view message, Record& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(2)) into.status_text = text(wire.bytes());
      if (wire.is_varint(3)) into.status = static_cast<int>(wire.number() & 0xff);
    }
    return !wire.bad();
  }
  bool log_record(std::string_view message, Record& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_fixed64(1)) into.start_ns = wire.number();
      if (wire.is_varint(2)) into.status = static_cast<int>(wire.number() & 0xff);
      if (wire.is_bytes(3)) into.status_text = text(wire.bytes());
      if (wire.is_bytes(5) && !value(wire.bytes(), into.body, 0)) return false;
      if (wire.is_bytes(6) && !pair(wire.bytes())) return false;
      if (wire.is_bytes(9)) into.trace_id = hex(wire.bytes());
      if (wire.is_bytes(10)) into.span_id = hex(wire.bytes());
      if (wire.is_fixed64(11)) into.observed_ns = wire.number();
      if (wire.is_bytes(12)) into.name = text(wire.bytes());
    }
    return !wire.bad();
  }

  Request& request_;
  Arena& arena_;
  Request::Lists& lists_;
  const Signal signal_;
  std::size_t elements_ = 0, records_ = 0;
  bool full_ = false;
};

}  // namespace

Status decode_protobuf(std::string_view body, Request& into) {
  Reader reader(into);
  const bool read = reader.request(body);
  if (reader.full()) {
    return poison("too_large", "the request has more than " + std::to_string(limits::kTracesPerRequestMax) +
                                   " records or " + std::to_string(kElementsMax) +
                                   " values: send smaller batches");
  }
  if (!read) {
    return poison("otlp",
                  "the body is no protobuf of an OTLP export request, or a value is nested deeper than " +
                      std::to_string(kValueDepthMax));
  }
  return ok_status();
}

}  // namespace plumbline::otlp
