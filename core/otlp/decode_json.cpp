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

// "SPAN_KIND_CLIENT" is not allowed by the specification; only numbers are.
int enum_of(const JsonValue& value) {
  const auto number = value.number();
  return number && *number >= 0 && *number < 256 ? static_cast<int>(*number) : 0;
}

class Reader {
 public:
  explicit Reader(Request& into) : arena_(into.arena), lists_(into.lists), signal_(into.signal) {}

  bool resource(const JsonValue& json) {
    const std::size_t from = lists_.scopes.size();
    Resource made;
    if (!read_pairs(json["resource"]["attributes"], made.attributes)) return false;
    for (const JsonValue& scope : json[traces() ? "scopeSpans" : "scopeLogs"].items()) {
      if (!read_scope(scope)) return false;
    }
    made.scopes = arena_.take(lists_.scopes, from);
    lists_.resources.push_back(made);
    return true;
  }

 private:
  [[nodiscard]] bool traces() const { return signal_ == Signal::kTraces; }
  // The tree goes when the request is decoded.
  std::string_view text_of(const JsonValue& value) { return arena_.copy(repaired(value.text(), arena_)); }

  // Lower-case; what is no hexadecimal, and an id of zeros, is none.
  std::string_view id_of(const JsonValue& value) {
    std::string id(value.text());
    bool zero = true;
    for (char& c : id) {
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return "";
      zero = zero && c == '0';
    }
    return zero ? "" : arena_.copy(id);
  }

  bool read_pairs(const JsonValue& json, Attributes& into, int depth = 0) {
    const std::size_t from = lists_.attributes.size();
    for (const JsonValue& pair : json.items()) {
      Attribute made{text_of(pair["key"]), {}};
      if (!read(pair["value"], made.value, depth)) return false;
      lists_.attributes.push_back(made);
    }
    into = arena_.take(lists_.attributes, from);
    return true;
  }

  bool read(const JsonValue& json, Value& into, int depth) {
    if (depth > kValueDepthMax) return false;
    for (const auto& [name, value] : json.members()) {
      if (name == "stringValue") {
        into = Value::of_text(text_of(value));
      } else if (name == "boolValue") {
        into = Value::of_bool(value.boolean().value_or(false));
      } else if (name == "intValue") {
        into = Value::of_integer(integer_of(value));
      } else if (name == "doubleValue") {
        into = Value::of_double(double_of(value));
      } else if (name == "arrayValue") {
        if (!read_items(value["values"], into, depth + 1)) return false;
      } else if (name == "kvlistValue") {
        Attributes members;
        if (!read_pairs(value["values"], members, depth + 1)) return false;
        into = Value::of_members(members);
      } else if (name == "bytesValue") {
        into = Value::of_bytes(arena_.copy(crypto::base64_decode(value.text()).value_or("")));
      }
    }
    return true;
  }

  bool read_items(const JsonValue& json, Value& into, int depth) {
    const std::size_t from = lists_.values.size();
    for (const JsonValue& item : json.items()) {
      Value made;
      if (!read(item, made, depth)) return false;
      lists_.values.push_back(made);
    }
    into = Value::of_items(arena_.take(lists_.values, from));
    return true;
  }

  bool read_span(const JsonValue& json, Record& into) {
    into.parent_span_id = id_of(json["parentSpanId"]);
    into.name = text_of(json["name"]);
    into.kind = enum_of(json["kind"]);
    into.start_ns = unsigned_of(json["startTimeUnixNano"]);
    into.end_ns = unsigned_of(json["endTimeUnixNano"]);
    into.status = enum_of(json["status"]["code"]);
    into.status_text = text_of(json["status"]["message"]);
    const std::size_t from = lists_.events.size();
    for (const JsonValue& event : json["events"].items()) {
      SpanEvent made;
      made.time_ns = unsigned_of(event["timeUnixNano"]);
      made.name = text_of(event["name"]);
      if (!read_pairs(event["attributes"], made.attributes)) return false;
      lists_.events.push_back(made);
    }
    into.events = arena_.take(lists_.events, from);
    return true;
  }

  bool read_log(const JsonValue& json, Record& into) {
    into.name = text_of(json["eventName"]);
    into.start_ns = unsigned_of(json["timeUnixNano"]);
    into.observed_ns = unsigned_of(json["observedTimeUnixNano"]);
    into.status = enum_of(json["severityNumber"]);
    into.status_text = text_of(json["severityText"]);
    return read(json["body"], into.body, 0);
  }

  bool read_scope(const JsonValue& json) {
    const std::size_t from = lists_.records.size();
    Scope made{text_of(json["scope"]["name"]), text_of(json["scope"]["version"]), {}};
    for (const JsonValue& json_record : json[traces() ? "spans" : "logRecords"].items()) {
      Record record;
      record.trace_id = id_of(json_record["traceId"]);
      record.span_id = id_of(json_record["spanId"]);
      if (!read_pairs(json_record["attributes"], record.attributes)) return false;
      if (!(traces() ? read_span(json_record, record) : read_log(json_record, record))) return false;
      lists_.records.push_back(record);
    }
    made.records = arena_.take(lists_.records, from);
    lists_.scopes.push_back(made);
    return true;
  }

  Arena& arena_;
  Request::Lists& lists_;
  const Signal signal_;
};

}  // namespace

Status decode_json(std::string_view body, Request& into) {
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
  Reader reader(into);
  for (const JsonValue& resource :
       (*root)[into.signal == Signal::kTraces ? "resourceSpans" : "resourceLogs"].items()) {
    if (!reader.resource(resource))
      return poison("otlp", "a value is nested deeper than " + std::to_string(kValueDepthMax));
  }
  into.resources = into.arena.take(into.lists.resources, 0);
  return ok_status();
}

}  // namespace plumbline::otlp
