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
    for (std::size_t special; (special = value.find_first_of("\"\\")) != std::string_view::npos;) {
      text_.append(value, 0, special).append(1, '\\').append(1, value[special]);
      value.remove_prefix(special + 1);
    }
    text_.append(value).append("\"}");
  }
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(const char* value) { add(std::string_view(value)); }
  void add(std::integral auto value) {
    separate();
    text_.append(std::to_string(value)).append(1, '}');
  }
  void add_null() {
    separate();
    text_ += "NULL}";
  }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value) {
      add(*value);
    } else {
      add_null();
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void separate() {
    text_.pop_back();
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_ = "{}";
};

}  // namespace plumbline::postgres
