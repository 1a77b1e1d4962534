// A JSON number as a 64-bit integer.
#pragma once
#include <cstdint>
#include <limits>

namespace plumbline::codec {

// Towards zero; beyond what 64 bits hold the largest or smallest that they do, where a cast would be
// undefined. `number` is no NaN, as JSON has none.
[[nodiscard]] constexpr std::int64_t whole_number(double number) {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  if (number >= kEnd) return std::numeric_limits<std::int64_t>::max();
  if (number < -kEnd) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(number);
}

}  // namespace plumbline::codec
