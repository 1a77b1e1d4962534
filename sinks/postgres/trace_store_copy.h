// Rows in PostgreSQL's binary COPY format (documentation: "COPY", File Formats, Binary Format). Appends to a
// string that its owner reuses; no allocation once that has grown.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::postgres {

inline constexpr std::string_view kCopyHeader{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view kCopyTrailer{"\377\377", 2};
// PostgreSQL counts from 2000-01-01T00:00:00Z.
inline constexpr std::int64_t kEpochShiftUs = 946684800LL * 1000000;

class CopyRow {
 public:
  explicit CopyRow(std::string& out) : out_(out) {}

  void begin(std::int16_t fields) { number(static_cast<std::uint16_t>(fields)); }
  void null() { number(std::uint32_t{0xffffffff}); }
  void int2(std::int16_t value) { sized(static_cast<std::uint16_t>(value)); }
  void int4(std::int32_t value) { sized(static_cast<std::uint32_t>(value)); }
  void int8(std::int64_t value) { sized(static_cast<std::uint64_t>(value)); }
  void time(TimeUs value) { int8(value.value - kEpochShiftUs); }
  void float8(double value) { sized(std::bit_cast<std::uint64_t>(value)); }
  void uuid(const Uuid& value) {
    number(std::uint32_t{16});
    out_.append(reinterpret_cast<const char*>(value.bytes.data()), 16);
  }
  // text, bytea, "char"
  void bytes(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }
  // Names that are absent are null, never ''.
  void name(std::string_view value) {
    if (value.empty()) {
      null();
    } else {
      bytes(value);
    }
  }
  void int4(std::optional<std::int32_t> value) {
    if (value) {
      int4(*value);
    } else {
      null();
    }
  }
  // A one-dimensional array without nulls; `element` appends one value. `type` is its elements' type number.
  template <class Values, class Element>
  void array(std::int32_t type, const Values& values, Element element) {
    const std::size_t at = out_.size();
    number(std::uint32_t{0});  // size, known below
    const std::int32_t head[] = {1, 0, type, static_cast<std::int32_t>(values.size()), 1};
    for (const std::int32_t value : head) number(static_cast<std::uint32_t>(value));
    for (const auto& value : values) element(value);
    const auto size = big_endian(static_cast<std::uint32_t>(out_.size() - at - 4));
    std::memcpy(out_.data() + at, &size, sizeof size);
  }
  // The length of a value that the caller appends itself.
  void size_only(std::size_t size) { number(static_cast<std::uint32_t>(size)); }

 private:
  template <class T>
  static T big_endian(T value) {
    if constexpr (std::endian::native == std::endian::big) return value;
    if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(value));
    if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(value));
    if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(value));
  }
  template <class T>
  void number(T value) {
    const T wire = big_endian(value);
    char buffer[sizeof wire];
    std::memcpy(buffer, &wire, sizeof wire);
    out_.append(buffer, sizeof wire);
  }
  template <class T>
  void sized(T value) {
    number(static_cast<std::uint32_t>(sizeof value));
    number(value);
  }

  std::string& out_;
};

}  // namespace plumbline::postgres
