// The primitive types of Kafka's protocol (Apache Kafka, "A Guide to the Kafka Protocol", Protocol Primitive
// Types): big-endian integers, strings and arrays with their length in front. Not thread-safe.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <endian.h>

namespace plumbline::log::kafka::wire {

inline void put16(char* to, std::int16_t value) {
  const std::uint16_t wire = htobe16(static_cast<std::uint16_t>(value));
  std::memcpy(to, &wire, sizeof wire);
}
inline void put32(char* to, std::int32_t value) {
  const std::uint32_t wire = htobe32(static_cast<std::uint32_t>(value));
  std::memcpy(to, &wire, sizeof wire);
}
inline void put64(char* to, std::int64_t value) {
  const std::uint64_t wire = htobe64(static_cast<std::uint64_t>(value));
  std::memcpy(to, &wire, sizeof wire);
}

// Appends to `out`.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void i8(std::int8_t value) { out_ += static_cast<char>(value); }
  void i16(std::int16_t value) { put16(room(2), value); }
  void i32(std::int32_t value) { put32(room(4), value); }
  void i64(std::int64_t value) { put64(room(8), value); }
  void text(std::string_view value) {
    i16(static_cast<std::int16_t>(value.size()));
    out_ += value;
  }

 private:
  char* room(std::size_t bytes) {
    const std::size_t at = out_.size();
    out_.resize(at + bytes);
    return out_.data() + at;
  }
  std::string& out_;
};

// Reads an answer. What would lie past its end reads as 0 or empty, and ok() is false from then on.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return in_.size(); }

  std::int8_t i8() {
    const char* at = take(1);
    return at == nullptr ? std::int8_t{0} : static_cast<std::int8_t>(*at);
  }
  std::int16_t i16() {
    std::uint16_t wire = 0;
    if (const char* at = take(sizeof wire)) std::memcpy(&wire, at, sizeof wire);
    return static_cast<std::int16_t>(be16toh(wire));
  }
  std::int32_t i32() {
    std::uint32_t wire = 0;
    if (const char* at = take(sizeof wire)) std::memcpy(&wire, at, sizeof wire);
    return static_cast<std::int32_t>(be32toh(wire));
  }
  std::int64_t i64() {
    std::uint64_t wire = 0;
    if (const char* at = take(sizeof wire)) std::memcpy(&wire, at, sizeof wire);
    return static_cast<std::int64_t>(be64toh(wire));
  }
  // Null is empty.
  std::string_view text() {
    const std::int16_t bytes = i16();
    if (bytes <= 0) return {};
    const char* at = take(static_cast<std::size_t>(bytes));
    return at == nullptr ? std::string_view() : std::string_view(at, static_cast<std::size_t>(bytes));
  }
  // Elements of an array, each of at least `bytes_min` bytes: more than can follow end the reading. Null is
  // 0.
  std::int32_t count(std::size_t bytes_min) {
    const std::int32_t elements = i32();
    if (elements <= 0) return 0;
    if (static_cast<std::size_t>(elements) <= in_.size() / bytes_min) return elements;
    ok_ = false;
    return 0;
  }

 private:
  const char* take(std::size_t bytes) {
    if (!ok_ || bytes > in_.size()) {
      ok_ = false;
      return nullptr;
    }
    const char* at = in_.data();
    in_.remove_prefix(bytes);
    return at;
  }
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace plumbline::log::kafka::wire
