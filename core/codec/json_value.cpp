#include "core/codec/json_value.h"

#include <simdjson.h>

#include "core/limits.h"

namespace plumbline::codec {

// Depth is bounded by the parser, so the recursion is too.
struct JsonValueBuilder {
  static JsonValue build(const simdjson::dom::element& element) {
    namespace dom = simdjson::dom;
    JsonValue value;
    switch (element.type()) {
      case dom::element_type::ARRAY:
        value.kind_ = JsonValue::Kind::kArray;
        for (const dom::element item : dom::array(element)) value.items_.push_back(build(item));
        break;
      case dom::element_type::OBJECT:
        value.kind_ = JsonValue::Kind::kObject;
        for (const dom::key_value_pair member : dom::object(element))
          value.members_.emplace_back(std::string(member.key), build(member.value));
        break;
      case dom::element_type::STRING:
        value.kind_ = JsonValue::Kind::kText;
        value.text_ = std::string_view(element);
        break;
      case dom::element_type::INT64:
        return number(static_cast<double>(std::int64_t(element)));
      case dom::element_type::UINT64:
        return number(static_cast<double>(std::uint64_t(element)));
      case dom::element_type::DOUBLE:
        return number(double(element));
      case dom::element_type::BOOL:
        value.kind_ = JsonValue::Kind::kBoolean;
        value.number_ = bool(element) ? 1 : 0;
        break;
      case dom::element_type::NULL_VALUE:
        break;
    }
    return value;
  }
  static JsonValue number(double number) {
    JsonValue value;
    value.kind_ = JsonValue::Kind::kNumber;
    value.number_ = number;
    return value;
  }
};

Result<JsonValue> JsonValue::parse(std::string_view json) {
  simdjson::dom::parser parser;
  if (const auto failed = parser.allocate(json.size() + 1, limits::kJsonDepthMax))
    return poison("invalid_json", simdjson::error_message(failed));
  const simdjson::padded_string padded(json);
  simdjson::dom::element root;
  if (const auto failed = parser.parse(padded).get(root))
    return poison("invalid_json", simdjson::error_message(failed));
  return JsonValueBuilder::build(root);
}

std::optional<double> JsonValue::number() const {
  return kind_ == Kind::kNumber ? std::optional(number_) : std::nullopt;
}

std::optional<bool> JsonValue::boolean() const {
  return kind_ == Kind::kBoolean ? std::optional(number_ != 0) : std::nullopt;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const Member& member : members_) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

const JsonValue& JsonValue::operator[](std::string_view name) const {
  static const JsonValue null;
  const JsonValue* found = find(name);
  return found == nullptr ? null : *found;
}

const JsonValue& JsonValue::at(std::size_t index) const {
  static const JsonValue null;
  return index < items_.size() ? items_[index] : null;
}

}  // namespace plumbline::codec
