#include "core/otlp/decode.h"

#include <string>
#include <utility>

#include "core/codec/utf8.h"
#include "core/limits.h"

namespace plumbline::otlp {
namespace {

// Senders' SDKs do not check text, and protobuf carries any bytes. Repaired once, here, a name is the same
// wherever it goes: in the event, as the agent that owns it, against a bound.
void repair(std::string& text) {
  text = codec::repaired(std::move(text));
}
void repair(Attributes& attributes);
void repair(Value& value) {
  if (value.kind == Value::Kind::kText) repair(value.text);
  for (Value& item : value.items) repair(item);
  repair(value.members);
}
void repair(Attributes& attributes) {
  for (Attribute& attribute : attributes) {
    repair(attribute.key);
    repair(attribute.value);
  }
}
void repair(Record& record) {
  repair(record.name);
  repair(record.status_text);
  repair(record.body);
  repair(record.attributes);
  for (SpanEvent& event : record.events) {
    repair(event.name);
    repair(event.attributes);
  }
}
void repair(Resource& resource) {
  repair(resource.attributes);
  for (Scope& scope : resource.scopes) {
    repair(scope.name);
    repair(scope.version);
    for (Record& record : scope.records) repair(record);
  }
}

}  // namespace

std::size_t Request::records() const {
  std::size_t all = 0;
  for (const Resource& resource : resources) {
    for (const Scope& scope : resource.scopes) all += scope.records.size();
  }
  return all;
}

const Value* find(const Attributes& attributes, std::string_view key) {
  for (const auto& [name, value] : attributes) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string_view text_of(const Attributes& attributes, std::string_view key) {
  const Value* value = find(attributes, key);
  return value != nullptr && value->kind == Value::Kind::kText ? std::string_view(value->text)
                                                               : std::string_view{};
}

Result<Request> decode(Signal signal, Encoding encoding, std::string_view body) {
  auto request = encoding == Encoding::kJson ? decode_json(signal, body) : decode_protobuf(signal, body);
  if (request && request->records() > limits::kTracesPerRequestMax) {
    return poison("too_large", "the request has " + std::to_string(request->records()) +
                                   " records; at most " + std::to_string(limits::kTracesPerRequestMax) +
                                   " go into one: send smaller batches");
  }
  if (request) {
    for (Resource& resource : request->resources) repair(resource);
  }
  return request;
}

}  // namespace plumbline::otlp
