// What an OTLP request carries, whichever encoding it came in (opentelemetry-proto 1.x: trace/v1, logs/v1,
// common/v1, resource/v1). Values; not thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumbline::otlp {

enum class Signal : std::uint8_t { kTraces, kLogs };

struct Attribute;
using Attributes = std::vector<Attribute>;

struct Value {
  enum class Kind : std::uint8_t { kNone, kText, kBool, kInteger, kDouble, kArray, kMap, kBytes };
  Kind kind = Kind::kNone;
  std::string text;          // kText; of kBytes the raw bytes
  std::int64_t integer = 0;  // kInteger; 1 for true
  double number = 0;
  std::vector<Value> items;
  Attributes members;
};

struct Attribute {
  std::string key;
  Value value;
};

struct SpanEvent {
  std::uint64_t time_ns = 0;
  std::string name;
  Attributes attributes;
};

// A span or a log record.
struct Record {
  std::string trace_id, span_id, parent_span_id;  // lower-case hexadecimal; empty where there is none
  std::string name;                               // of a log record its event name
  std::uint64_t start_ns = 0, end_ns = 0;         // Unix epoch; a log record has no end
  std::uint64_t observed_ns = 0;
  int kind = 0;             // SpanKind
  int status = 0;           // StatusCode; of a log record its SeverityNumber
  std::string status_text;  // of a span its status message, of a log record its severity text
  Value body;               // of a log record
  Attributes attributes;
  std::vector<SpanEvent> events;
};

struct Scope {
  std::string name, version;
  std::vector<Record> records;
};

struct Resource {
  Attributes attributes;
  std::vector<Scope> scopes;
};

struct Request {
  Signal signal = Signal::kTraces;
  std::vector<Resource> resources;
  [[nodiscard]] std::size_t records() const;
};

// An attribute's value, nullptr where there is none; the first of a repeated key.
[[nodiscard]] const Value* find(const Attributes& attributes, std::string_view key);
// Its text; of another kind "".
[[nodiscard]] std::string_view text_of(const Attributes& attributes, std::string_view key);

}  // namespace plumbline::otlp
