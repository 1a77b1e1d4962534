// Where the tokens of a JSON text are: simdjson's first stage, which also checks UTF-8, control characters in
// strings and that every string ends. What the tokens mean is walker.h's work: it needs their places (spans,
// number texts, duplicate names), which simdjson's trees don't keep. The only place that includes simdjson.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace plumbline::codec {

// Keeps its memory from text to text, but for that of large ones. Not thread-safe.
class Structure {
 public:
  Structure();
  ~Structure();
  Structure(Structure&&) noexcept;
  Structure& operator=(Structure&&) noexcept;

  // Sets tokens() and returns nullptr, or says what is wrong. The text needs no padding.
  const char* index(std::string_view text);
  // Offset of each bracket, colon, comma, opening quote and first byte of a number or literal, rising. Until
  // the next index.
  [[nodiscard]] std::span<const std::uint32_t> tokens() const { return tokens_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::span<const std::uint32_t> tokens_;
};

}  // namespace plumbline::codec
