// Rows as PostgreSQL's binary format has composite values and arrays of them (record_recv and array_recv of
// its sources): many rows in one parameter, each a composite. Appends to a string that its owner reuses; no
// allocation once that has grown.
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

// PostgreSQL counts from 2000-01-01T00:00:00Z.
inline constexpr std::int64_t kEpochShiftUs = 946684800LL * 1000000;

// A type by PostgreSQL's number (pg_type.dat), and that of arrays of it.
struct WireType {
  std::uint32_t number;
  std::uint32_t array;
};
inline constexpr WireType kWireBool{16, 1000}, kWireBytea{17, 1001}, kWireChar{18, 1002}, kWireInt8{20, 1016},
    kWireInt2{21, 1005}, kWireInt4{23, 1007}, kWireText{25, 1009}, kWireTime{1184, 1185},
    kWireUuid{2950, 2951};

// Numbers and sized values, without their types.
class Wire {
 public:
  explicit Wire(std::string& out) : out_(out) {}

  template <class T>
  void number(T value) {
    const T wire = big_endian(value);
    char buffer[sizeof wire];
    std::memcpy(buffer, &wire, sizeof wire);
    out_.append(buffer, sizeof wire);
  }
  void bytes(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }
  void null() { number(std::uint32_t{0xffffffff}); }
  void int2(std::int16_t value) { sized(static_cast<std::uint16_t>(value)); }
  void int4(std::int32_t value) { sized(static_cast<std::uint32_t>(value)); }
  void int8(std::int64_t value) { sized(static_cast<std::uint64_t>(value)); }
  void time(TimeUs value) { int8(value.value - kEpochShiftUs); }
  void uuid(const Uuid& value) {
    bytes({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
  }
  // What an array of `count` values without nulls starts with, each following with its size.
  void array_head(std::uint32_t element_type, std::size_t count) {
    for (const std::uint32_t value : {1U, 0U, element_type, static_cast<std::uint32_t>(count), 1U})
      number(value);
  }
  // Sets the four bytes at `at`, which were left for a number known later.
  void patch(std::size_t at, std::size_t value) {
    const auto wire = big_endian(static_cast<std::uint32_t>(value));
    std::memcpy(out_.data() + at, &wire, sizeof wire);
  }
  [[nodiscard]] std::size_t at() const { return out_.size(); }

 private:
  template <class T>
  static T big_endian(T value) {
    if constexpr (std::endian::native == std::endian::big) return value;
    if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(value));
    if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(value));
    if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(value));
  }
  template <class T>
  void sized(T value) {
    number(static_cast<std::uint32_t>(sizeof value));
    number(value);
  }

  std::string& out_;
};

// One composite value, column by column in its type's order.
class RecordRow {
 public:
  explicit RecordRow(std::string& out) : wire_(out) {}

  void begin(std::uint32_t columns) { wire_.number(columns); }
  void boolean(bool value) {
    type(kWireBool).bytes(value ? std::string_view("\1", 1) : std::string_view("\0", 1));
  }
  void int2(std::int16_t value) { type(kWireInt2).int2(value); }
  void int4(std::int32_t value) { type(kWireInt4).int4(value); }
  void int8(std::int64_t value) { type(kWireInt8).int8(value); }
  void time(TimeUs value) { type(kWireTime).time(value); }
  void uuid(const Uuid& value) { type(kWireUuid).uuid(value); }
  void time(const std::optional<TimeUs>& value) {
    if (value) return time(*value);
    type(kWireTime).null();
  }
  void uuid(const std::optional<Uuid>& value) {
    if (value) return uuid(*value);
    type(kWireUuid).null();
  }
  void text(std::string_view value) { type(kWireText).bytes(value); }
  void bytea(std::string_view value) { type(kWireBytea).bytes(value); }
  // Names that are absent are null, never ''.
  void name(std::string_view value) {
    if (value.empty()) {
      type(kWireText).null();
    } else {
      text(value);
    }
  }
  // A one-dimensional array without nulls; `element(wire, value)` appends one value.
  template <class Values, class Element>
  void array(WireType of, const Values& values, Element element) {
    wire_.number(of.array);
    const std::size_t at = wire_.at();
    wire_.number(std::uint32_t{0});  // its size, known below
    wire_.array_head(of.number, values.size());
    for (const auto& value : values) element(wire_, value);
    wire_.patch(at, wire_.at() - at - 4);
  }

 private:
  Wire& type(WireType type) {
    wire_.number(type.number);
    return wire_;
  }
  Wire wire_;
};

// An array of composites under way. The type's number is known once connected.
class RecordArray {
 public:
  explicit RecordArray(std::string& out) : wire_(out) {}
  void begin(std::uint32_t type) {
    wire_.array_head(type, 0);
    count_ = 0;
  }
  // Before each row: its size in bytes.
  void next(std::size_t size) {
    wire_.number(static_cast<std::uint32_t>(size));
    ++count_;
  }
  void finish() { wire_.patch(kCountAt, count_); }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t kCountAt = 12;
  Wire wire_;
  std::size_t count_ = 0;
};

}  // namespace plumbline::postgres
