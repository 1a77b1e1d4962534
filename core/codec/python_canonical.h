// JSON objects as Python's json module sees them: the text that json.dumps(sort_keys=True, separators=(",",
// ":")) would give, and str() of the members. That is what AtlasBridge hashes, so a byte that differs here is
// a broken chain there. Thread-safe: one parser for each thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace plumbline::codec {

struct PythonMember {
  enum class Kind : std::uint8_t { kString, kInteger, kFloat, kTrue, kFalse, kNull, kObject, kArray };

  std::string name;  // unescaped UTF-8
  Kind kind = Kind::kNull;
  std::string text;       // of a string: unescaped UTF-8; otherwise empty
  std::string canonical;  // json.dumps of the value
  std::string_view raw;   // the value as it stands in the input

  // str(value) in Python; nullopt for objects and arrays, whose repr nobody hashes.
  [[nodiscard]] std::optional<std::string> str() const;
};

// The members of one object, ordered by code point of their names.
class PythonObject {
 public:
  // `json` is one JSON object with optional white space around it; views into it stay in the result. Poison
  // "invalid_json": not an object, not UTF-8, a repeated key, NaN or Infinity, a lone surrogate, nesting over
  // limits::kJsonDepthMax, a number that is longer than limits::kNumberCharsMax or that no finite double is
  // near to. Python takes most of these; see docs/verify.md.
  [[nodiscard]] static Result<PythonObject> parse(std::string_view json);

  [[nodiscard]] const PythonMember* find(std::string_view name) const;
  // json.dumps of the object without one member (none: "").
  [[nodiscard]] std::string canonical_without(std::string_view name) const;
  [[nodiscard]] const std::vector<PythonMember>& members() const { return members_; }

 private:
  std::vector<PythonMember> members_;
};

// Appends `text` (UTF-8) as json.dumps with ensure_ascii=True prints it, quotes included.
void append_python_string(std::string& out, std::string_view text);
// As repr(float) prints a finite double.
void append_python_float(std::string& out, double value);

}  // namespace plumbline::codec
