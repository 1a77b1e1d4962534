#include "core/otlp/decode.h"

#include <string>

#include "core/limits.h"

namespace plumbline::otlp {

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
  return request;
}

}  // namespace plumbline::otlp
