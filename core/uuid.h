// UUIDs (RFC 9562) as 16 bytes in network order. Values; no allocation.
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }
  // 36 lower-case characters, 8-4-4-4-12.
  [[nodiscard]] std::string to_string() const;
  // Writes exactly 36 characters.
  void write_to(char* out) const;
  // Accepts only the 36-character form, either case; any version and variant (JSON Schema format "uuid").
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
  // Version 4 from the kernel's random source.
  [[nodiscard]] static Uuid random();
};

}  // namespace plumbline

template <>
struct std::hash<plumbline::Uuid> {
  std::size_t operator()(const plumbline::Uuid& id) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, id.bytes.data(), sizeof halves);
    return static_cast<std::size_t>(halves[0] ^ (halves[1] * 0x9e3779b97f4a7c15ULL));
  }
};
