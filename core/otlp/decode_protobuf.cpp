// Field numbers: opentelemetry-proto, opentelemetry/proto/{trace,logs,common,resource}/v1 and collector/*/v1.
#include "core/limits.h"
#include "core/otlp/decode.h"
#include "core/otlp/wire.h"

namespace plumbline::otlp {
namespace {

class Reader {
 public:
  explicit Reader(Signal signal) : signal_(signal) {}

  bool request(std::string_view message, Request& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !(room() && resource(wire.bytes(), into.resources.emplace_back())))
        return false;
    }
    return !wire.bad();
  }
  [[nodiscard]] bool full() const { return full_; }

 private:
  // One more element may be made.
  bool room() {
    full_ = full_ || elements_++ >= kElementsMax;
    return !full_;
  }
  static std::string hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    // An id of zeros is none.
    if (bytes.find_first_not_of('\0') == std::string_view::npos) return "";
    std::string text;
    for (const char c : bytes) {
      text += kDigits[static_cast<std::uint8_t>(c) >> 4];
      text += kDigits[static_cast<std::uint8_t>(c) & 15];
    }
    return text;
  }

  bool value(std::string_view message, Value& into, int depth) {
    if (depth > kValueDepthMax) return false;
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1)) {
        into.kind = Value::Kind::kText;
        into.text = wire.bytes();
      } else if (wire.is_varint(2)) {
        into.kind = Value::Kind::kBool;
        into.integer = wire.number() != 0 ? 1 : 0;
      } else if (wire.is_varint(3)) {
        into.kind = Value::Kind::kInteger;
        into.integer = static_cast<std::int64_t>(wire.number());
      } else if (wire.is_fixed64(4)) {
        into.kind = Value::Kind::kDouble;
        into.number = wire.real();
      } else if (wire.is_bytes(5)) {
        into.kind = Value::Kind::kArray;
        if (!items(wire.bytes(), into, depth)) return false;
      } else if (wire.is_bytes(6)) {
        into.kind = Value::Kind::kMap;
        if (!pairs(wire.bytes(), into.members, depth)) return false;
      } else if (wire.is_bytes(7)) {
        into.kind = Value::Kind::kBytes;
        into.text = wire.bytes();
      }
    }
    return !wire.bad();
  }
  bool items(std::string_view message, Value& into, int depth) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !(room() && value(wire.bytes(), into.items.emplace_back(), depth + 1)))
        return false;
    }
    return !wire.bad();
  }
  // KeyValueList
  bool pairs(std::string_view message, Attributes& into, int depth) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !pair(wire.bytes(), into, depth + 1)) return false;
    }
    return !wire.bad();
  }
  bool pair(std::string_view message, Attributes& into, int depth = 0) {
    if (!room()) return false;
    Wire wire(message);
    auto& [key, val] = into.emplace_back();
    while (wire.next()) {
      if (wire.is_bytes(1)) key = wire.bytes();
      if (wire.is_bytes(2) && !value(wire.bytes(), val, depth)) return false;
    }
    return !wire.bad();
  }

  bool resource(std::string_view message, Resource& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !attributes_of(wire.bytes(), into.attributes)) return false;
      if (wire.is_bytes(2) && !(room() && scope(wire.bytes(), into.scopes.emplace_back()))) return false;
    }
    return !wire.bad();
  }
  // Resource
  bool attributes_of(std::string_view message, Attributes& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !pair(wire.bytes(), into)) return false;
    }
    return !wire.bad();
  }
  bool scope(std::string_view message, Scope& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1) && !scope_name(wire.bytes(), into)) return false;
      if (!wire.is_bytes(2)) continue;
      full_ = full_ || records_++ >= limits::kTracesPerRequestMax;
      if (full_) return false;
      Record& record = into.records.emplace_back();
      if (!(signal_ == Signal::kTraces ? span(wire.bytes(), record) : log_record(wire.bytes(), record)))
        return false;
    }
    return !wire.bad();
  }
  static bool scope_name(std::string_view message, Scope& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1)) into.name = wire.bytes();
      if (wire.is_bytes(2)) into.version = wire.bytes();
    }
    return !wire.bad();
  }
  bool span(std::string_view message, Record& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(1)) into.trace_id = hex(wire.bytes());
      if (wire.is_bytes(2)) into.span_id = hex(wire.bytes());
      if (wire.is_bytes(4)) into.parent_span_id = hex(wire.bytes());
      if (wire.is_bytes(5)) into.name = wire.bytes();
      if (wire.is_varint(6)) into.kind = static_cast<int>(wire.number() & 0xff);
      if (wire.is_fixed64(7)) into.start_ns = wire.number();
      if (wire.is_fixed64(8)) into.end_ns = wire.number();
      if (wire.is_bytes(9) && !pair(wire.bytes(), into.attributes)) return false;
      if (wire.is_bytes(11) && !(room() && event(wire.bytes(), into.events.emplace_back()))) return false;
      if (wire.is_bytes(15) && !status(wire.bytes(), into)) return false;
    }
    return !wire.bad();
  }
  bool event(std::string_view message, SpanEvent& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_fixed64(1)) into.time_ns = wire.number();
      if (wire.is_bytes(2)) into.name = wire.bytes();
      if (wire.is_bytes(3) && !pair(wire.bytes(), into.attributes)) return false;
    }
    return !wire.bad();
  }
  static bool status(std::string_view message, Record& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_bytes(2)) into.status_text = wire.bytes();
      if (wire.is_varint(3)) into.status = static_cast<int>(wire.number() & 0xff);
    }
    return !wire.bad();
  }
  bool log_record(std::string_view message, Record& into) {
    Wire wire(message);
    while (wire.next()) {
      if (wire.is_fixed64(1)) into.start_ns = wire.number();
      if (wire.is_varint(2)) into.status = static_cast<int>(wire.number() & 0xff);
      if (wire.is_bytes(3)) into.status_text = wire.bytes();
      if (wire.is_bytes(5) && !value(wire.bytes(), into.body, 0)) return false;
      if (wire.is_bytes(6) && !pair(wire.bytes(), into.attributes)) return false;
      if (wire.is_bytes(9)) into.trace_id = hex(wire.bytes());
      if (wire.is_bytes(10)) into.span_id = hex(wire.bytes());
      if (wire.is_fixed64(11)) into.observed_ns = wire.number();
      if (wire.is_bytes(12)) into.name = wire.bytes();
    }
    return !wire.bad();
  }

  const Signal signal_;
  std::size_t elements_ = 0, records_ = 0;
  bool full_ = false;
};

}  // namespace

Result<Request> decode_protobuf(Signal signal, std::string_view body) {
  Request request;
  request.signal = signal;
  Reader reader(signal);
  const bool read = reader.request(body, request);
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
  return request;
}

}  // namespace plumbline::otlp
