// Protobuf's wire format, read field by field (protobuf.dev, "Encoding"). Views borrow from the message.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace plumbline::otlp {

class Wire {
 public:
  explicit Wire(std::string_view message) : left_(message) {}

  // The next field, false at the end or when the message is malformed (then bad()).
  bool next() {
    if (left_.empty()) return false;
    std::uint64_t tag = 0;
    if (!varint(tag) || (tag >> 3) == 0 || (tag >> 3) > kFieldMax) return fail();
    field_ = static_cast<std::uint32_t>(tag >> 3);
    type_ = static_cast<std::uint8_t>(tag & 7);
    switch (type_) {
      case 0:
        return varint(number_) || fail();
      case 1:
        return fixed(8) || fail();
      case 5:
        return fixed(4) || fail();
      case 2: {
        std::uint64_t size = 0;
        if (!varint(size) || size > left_.size()) return fail();
        bytes_ = left_.substr(0, static_cast<std::size_t>(size));
        left_.remove_prefix(static_cast<std::size_t>(size));
        return true;
      }
      default:
        return fail();  // groups: nothing in OTLP has them
    }
  }
  [[nodiscard]] bool bad() const { return bad_; }
  [[nodiscard]] std::uint32_t field() const { return field_; }
  // True when the field is `field` and has the wire type that such a value has.
  [[nodiscard]] bool is_bytes(std::uint32_t field) const { return field_ == field && type_ == 2; }
  [[nodiscard]] bool is_varint(std::uint32_t field) const { return field_ == field && type_ == 0; }
  [[nodiscard]] bool is_fixed64(std::uint32_t field) const { return field_ == field && type_ == 1; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] double real() const { return std::bit_cast<double>(number_); }

 private:
  static constexpr std::uint64_t kFieldMax = (1U << 29) - 1;

  bool fail() {
    bad_ = true;
    left_ = {};
    return false;
  }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) return false;
      const auto byte = static_cast<std::uint8_t>(left_.front());
      left_.remove_prefix(1);
      if (shift == 63 && byte > 1) return false;
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool fixed(std::size_t size) {
    if (left_.size() < size) return false;
    number_ = 0;
    for (std::size_t n = 0; n < size; ++n)
      number_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(left_[n])) << (8 * n);
    left_.remove_prefix(size);
    return true;
  }

  std::string_view left_, bytes_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  std::uint8_t type_ = 0;
  bool bad_ = false;
};

}  // namespace plumbline::otlp
