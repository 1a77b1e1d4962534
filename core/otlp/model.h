// What an OTLP request carries, whichever encoding it came in (opentelemetry-proto 1.x: trace/v1, logs/v1,
// common/v1, resource/v1). Views and spans borrow from the body that was decoded and from the request's
// arena. All texts are UTF-8 without U+0000. Values; not thread-safe.
#pragma once
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/arena.h"

namespace plumbline::otlp {

enum class Signal : std::uint8_t { kTraces, kLogs };

struct Attribute;
using Attributes = std::span<const Attribute>;

// 24 bytes, for a batch has thousands.
class Value {
 public:
  enum class Kind : std::uint8_t { kNone, kText, kBool, kInteger, kDouble, kArray, kMap, kBytes };

  Value() = default;
  [[nodiscard]] static Value of_text(std::string_view text) {
    return {Kind::kText, text.data(), text.size()};
  }
  [[nodiscard]] static Value of_bytes(std::string_view raw) { return {Kind::kBytes, raw.data(), raw.size()}; }
  [[nodiscard]] static Value of_bool(bool value) { return {Kind::kBool, nullptr, value ? 1U : 0U}; }
  [[nodiscard]] static Value of_integer(std::int64_t value) {
    return {Kind::kInteger, nullptr, static_cast<std::uint64_t>(value)};
  }
  [[nodiscard]] static Value of_double(double value) {
    return {Kind::kDouble, nullptr, std::bit_cast<std::uint64_t>(value)};
  }
  [[nodiscard]] static Value of_items(std::span<const Value> items) {
    return {Kind::kArray, items.data(), items.size()};
  }
  [[nodiscard]] static Value of_members(Attributes members);

  [[nodiscard]] Kind kind() const { return kind_; }
  // Each for its kind only; text() for kText, and the raw bytes of kBytes.
  [[nodiscard]] std::string_view text() const { return {static_cast<const char*>(at_), number_}; }
  [[nodiscard]] bool boolean() const { return number_ != 0; }
  [[nodiscard]] std::int64_t integer() const { return static_cast<std::int64_t>(number_); }
  [[nodiscard]] double real() const { return std::bit_cast<double>(number_); }
  [[nodiscard]] std::span<const Value> items() const { return {static_cast<const Value*>(at_), number_}; }
  [[nodiscard]] Attributes members() const;

 private:
  Value(Kind kind, const void* at, std::uint64_t number) : at_(at), number_(number), kind_(kind) {}
  const void* at_ = nullptr;
  std::uint64_t number_ = 0;
  Kind kind_ = Kind::kNone;
};

struct Attribute {
  std::string_view key;
  Value value;
};

inline Value Value::of_members(Attributes members) {
  return {Kind::kMap, members.data(), members.size()};
}
inline Attributes Value::members() const {
  return {static_cast<const Attribute*>(at_), number_};
}

struct SpanEvent {
  std::uint64_t time_ns = 0;
  std::string_view name;
  Attributes attributes;
};

// A span or a log record.
struct Record {
  std::string_view trace_id, span_id, parent_span_id;  // lower-case hexadecimal; empty where there is none
  std::string_view name;                               // of a log record its event name
  std::uint64_t start_ns = 0, end_ns = 0;              // Unix epoch; a log record has no end
  std::uint64_t observed_ns = 0;
  int kind = 0;                  // SpanKind
  int status = 0;                // StatusCode; of a log record its SeverityNumber
  std::string_view status_text;  // of a span its status message, of a log record its severity text
  Value body;                    // of a log record
  Attributes attributes;
  std::span<const SpanEvent> events;
};

struct Scope {
  std::string_view name, version;
  std::span<const Record> records;
};

struct Resource {
  Attributes attributes;
  std::span<const Scope> scopes;
};

struct Request {
  Signal signal = Signal::kTraces;
  std::span<const Resource> resources;
  [[nodiscard]] std::size_t records() const;

  // The decoders': where things lie, and lists under way.
  Arena arena;
  struct Lists {
    std::vector<Value> values;
    std::vector<Attribute> attributes;
    std::vector<SpanEvent> events;
    std::vector<Record> records;
    std::vector<Scope> scopes;
    std::vector<Resource> resources;
  } lists;
};

// An attribute's value, nullptr where there is none; the first of a repeated key.
[[nodiscard]] const Value* find(Attributes attributes, std::string_view key);
// Its text; of another kind "".
[[nodiscard]] std::string_view text_of(Attributes attributes, std::string_view key);

}  // namespace plumbline::otlp
