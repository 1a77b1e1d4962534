// OTLP's JSON (specification/protocol/otlp.md, "JSON Protobuf Encoding"): lowerCamelCase, ids in hexadecimal
// of either case, 64-bit integers as text or numbers, enums as numbers, bytes in base64.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/codec/json_value.h"
#include "core/crypto/base64.h"
#include "core/otlp/decode.h"

namespace plumbline::otlp {
namespace {

using codec::JsonValue;

std::uint64_t unsigned_of(const JsonValue& value) {
  if (const auto number = value.number())
    return *number >= 0 && *number < 18446744073709551615.0 ? static_cast<std::uint64_t>(*number) : 0;
  std::uint64_t out = 0;
  const std::string_view text = value.text();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::int64_t integer_of(const JsonValue& value) {
  if (const auto number = value.number())
    return std::abs(*number) < 9.2e18 ? static_cast<std::int64_t>(*number) : 0;
  std::int64_t out = 0;
  const std::string_view text = value.text();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

double double_of(const JsonValue& value) {
  if (const auto number = value.number()) return *number;
  if (value.text() == "Infinity") return INFINITY;
  if (value.text() == "-Infinity") return -INFINITY;
  double out = NAN;
  const std::string_view text = value.text();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// Lower-case; what is no hexadecimal, and an id of zeros, is none.
std::string id_of(const JsonValue& value) {
  std::string id(value.text());
  bool zero = true;
  for (char& c : id) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return "";
    zero = zero && c == '0';
  }
  return zero ? "" : id;
}

// "SPAN_KIND_CLIENT" is not allowed by the specification; only numbers are.
int enum_of(const JsonValue& value) {
  const auto number = value.number();
  return number && *number >= 0 && *number < 256 ? static_cast<int>(*number) : 0;
}

bool read(const JsonValue& json, Value& into, int depth);

bool read_pairs(const JsonValue& json, Attributes& into, int depth = 0) {
  for (const JsonValue& pair : json.items()) {
    auto& [key, value] = into.emplace_back();
    key = pair["key"].text();
    if (!read(pair["value"], value, depth)) return false;
  }
  return true;
}

bool read(const JsonValue& json, Value& into, int depth) {
  if (depth > kValueDepthMax) return false;
  for (const auto& [name, value] : json.members()) {
    if (name == "stringValue") {
      into.kind = Value::Kind::kText;
      into.text = value.text();
    } else if (name == "boolValue") {
      into.kind = Value::Kind::kBool;
      into.integer = value.boolean().value_or(false) ? 1 : 0;
    } else if (name == "intValue") {
      into.kind = Value::Kind::kInteger;
      into.integer = integer_of(value);
    } else if (name == "doubleValue") {
      into.kind = Value::Kind::kDouble;
      into.number = double_of(value);
    } else if (name == "arrayValue") {
      into.kind = Value::Kind::kArray;
      for (const JsonValue& item : value["values"].items()) {
        if (!read(item, into.items.emplace_back(), depth + 1)) return false;
      }
    } else if (name == "kvlistValue") {
      into.kind = Value::Kind::kMap;
      if (!read_pairs(value["values"], into.members, depth + 1)) return false;
    } else if (name == "bytesValue") {
      into.kind = Value::Kind::kBytes;
      into.text = crypto::base64_decode(value.text()).value_or("");
    }
  }
  return true;
}

bool read_span(const JsonValue& json, Record& into) {
  into.parent_span_id = id_of(json["parentSpanId"]);
  into.name = json["name"].text();
  into.kind = enum_of(json["kind"]);
  into.start_ns = unsigned_of(json["startTimeUnixNano"]);
  into.end_ns = unsigned_of(json["endTimeUnixNano"]);
  into.status = enum_of(json["status"]["code"]);
  into.status_text = json["status"]["message"].text();
  for (const JsonValue& event : json["events"].items()) {
    SpanEvent& made = into.events.emplace_back();
    made.time_ns = unsigned_of(event["timeUnixNano"]);
    made.name = event["name"].text();
    if (!read_pairs(event["attributes"], made.attributes)) return false;
  }
  return true;
}

bool read_log(const JsonValue& json, Record& into) {
  into.name = json["eventName"].text();
  into.start_ns = unsigned_of(json["timeUnixNano"]);
  into.observed_ns = unsigned_of(json["observedTimeUnixNano"]);
  into.status = enum_of(json["severityNumber"]);
  into.status_text = json["severityText"].text();
  return read(json["body"], into.body, 0);
}

bool read_scope(const JsonValue& json, Signal signal, Scope& into) {
  into.name = json["scope"]["name"].text();
  into.version = json["scope"]["version"].text();
  for (const JsonValue& record : json[signal == Signal::kTraces ? "spans" : "logRecords"].items()) {
    Record& made = into.records.emplace_back();
    made.trace_id = id_of(record["traceId"]);
    made.span_id = id_of(record["spanId"]);
    if (!read_pairs(record["attributes"], made.attributes)) return false;
    if (!(signal == Signal::kTraces ? read_span(record, made) : read_log(record, made))) return false;
  }
  return true;
}

}  // namespace

Result<Request> decode_json(Signal signal, std::string_view body) {
  // Each node of the tree costs one of these; those within texts count, too, which is cheaper than to tell.
  const auto nodes =
      std::count_if(body.begin(), body.end(), [](char c) { return c == ',' || c == '[' || c == '{'; });
  if (static_cast<std::size_t>(nodes) > kElementsMax) {
    return poison("too_large", "the request has more than " + std::to_string(kElementsMax) +
                                   " commas and brackets: send smaller batches");
  }
  const auto root = JsonValue::parse(body);
  if (!root) return poison("otlp", "the body is no JSON: " + root.error().message);
  if (!root->is(JsonValue::Kind::kObject)) return poison("otlp", "the body is no JSON object");
  Request request;
  request.signal = signal;
  for (const JsonValue& resource :
       (*root)[signal == Signal::kTraces ? "resourceSpans" : "resourceLogs"].items()) {
    Resource& made = request.resources.emplace_back();
    bool right = read_pairs(resource["resource"]["attributes"], made.attributes);
    for (const JsonValue& scope : resource[signal == Signal::kTraces ? "scopeSpans" : "scopeLogs"].items())
      right = right && read_scope(scope, signal, made.scopes.emplace_back());
    if (!right) return poison("otlp", "a value is nested deeper than " + std::to_string(kValueDepthMax));
  }
  return request;
}

}  // namespace plumbline::otlp
