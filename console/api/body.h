// The JSON object of a request's body. Values.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/api/call.h"
#include "core/codec/json_value.h"

namespace plumbline::console {

class Body {
 public:
  // Poison "media_type" (415) unless the body is application/json; poison "bad_request" for what is no
  // object, or has a member that is not in `known`. An empty body is an empty object.
  [[nodiscard]] static Result<Body> read(const Call& call, std::initializer_list<std::string_view> known);

  // Poison "bad_request" naming the member when it is missing (but not `_or`) or of another type or length
  // (in bytes).
  [[nodiscard]] Result<std::string> text(std::string_view name, std::size_t least, std::size_t most) const;
  [[nodiscard]] Result<std::string> text_or(std::string_view name, std::string_view fallback,
                                            std::size_t most) const;
  [[nodiscard]] Result<bool> boolean_or(std::string_view name, bool fallback) const;
  [[nodiscard]] Result<std::int64_t> integer_or(std::string_view name, std::int64_t fallback,
                                                std::int64_t least, std::int64_t most) const;
  [[nodiscard]] Result<std::string> word_or(std::string_view name, std::string_view fallback,
                                            std::initializer_list<std::string_view> words) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view name, std::size_t count_max,
                                                       std::size_t most) const;
  [[nodiscard]] bool has(std::string_view name) const { return value_.has(name); }

 private:
  explicit Body(codec::JsonValue value) : value_(std::move(value)) {}
  codec::JsonValue value_;
};

}  // namespace plumbline::console
