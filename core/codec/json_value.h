// A JSON document as a tree of values, for documents of other tools that are read once: not for the hot path
// (decoder.h). Immutable after parse; thread-safe to read.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace plumbline::codec {

class JsonValue {
 public:
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kText, kArray, kObject };
  using Member = std::pair<std::string, JsonValue>;

  // Poison "invalid_json": not one JSON document in UTF-8, or nested deeper than limits::kJsonDepthMax. A
  // repeated member is kept; find gives the first.
  [[nodiscard]] static Result<JsonValue> parse(std::string_view json);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
  // Of another kind: "", nullopt, nullopt, empty.
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] const std::vector<JsonValue>& items() const { return items_; }
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  // A member of an object; a shared null where there is none, so that look-ups chain:
  // v["tool"]["driver"]["name"].
  [[nodiscard]] const JsonValue& operator[](std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  // Element of an array; the shared null outside of it.
  [[nodiscard]] const JsonValue& at(std::size_t index) const;

 private:
  friend struct JsonValueBuilder;
  [[nodiscard]] const JsonValue* find(std::string_view name) const;

  Kind kind_ = Kind::kNull;
  double number_ = 0;  // 1 for true
  std::string text_;
  std::vector<JsonValue> items_;
  std::vector<Member> members_;
};

}  // namespace plumbline::codec
