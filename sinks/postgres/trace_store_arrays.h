// PostgreSQL array literals for parameters ($1::text[] and the like): many rows in one statement, values
// never in SQL text.
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline::postgres {

// Not thread-safe. text() may be asked for at any time.
class TextArray {
 public:
  void add(std::string_view value) {
    separate();
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(const char* value) { add(std::string_view(value)); }
  void add(std::integral auto value) {
    separate();
    text_ += std::to_string(value);
  }
  void add_null() {
    separate();
    text_ += "NULL";
  }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      add_null();
    }
  }
  [[nodiscard]] std::string text() const { return text_ + '}'; }

 private:
  void separate() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{";
};

}  // namespace plumbline::postgres
