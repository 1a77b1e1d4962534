// Steps over valid JSON without building anything: for texts that codec::Decoder took. Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace plumbline::redact {

// The text without white space in front.
[[nodiscard]] std::string_view skip_space(std::string_view text);
// Characters of the value at the front of `text` (no white space before it).
[[nodiscard]] std::size_t value_size(std::string_view text);
// A JSON string with its quotes, unescaped.
[[nodiscard]] std::string unescaped(std::string_view raw);

// Members of an object or elements of an array, one after another.
class Items {
 public:
  // `text` is the whole object or array.
  explicit Items(std::string_view text) : text_(text), object_(text.starts_with('{')) {
    text_.remove_prefix(1);
  }
  // False when there is none left. Then name() (of an object, raw with quotes) and value() are raw JSON.
  bool next();
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  std::string_view text_, name_, value_;
  bool object_;
};

}  // namespace plumbline::redact
