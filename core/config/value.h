// How option values are written: durations "250ms", "10s", "168h"; sizes "64MiB"; integers. Pure functions.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline::config {

// A whole number and one of ms, s, m, h, d. Nothing for any other text, a negative number or overflow.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// The largest unit that divides it: "168h" prints as "7d".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

// A whole number and one of B, KiB, MiB, GiB, TiB; without a unit, bytes. -1 stands for "no bound".
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::int64_t bytes);

// Decimal digits with an optional minus; nothing else.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);

// Host and port of "127.0.0.1:8080" or "[::1]:8080"; a port of 0 lets the system choose.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);

// Single-character edits that turn one word into the other (Levenshtein, 1966): finds what a mistyped name
// meant.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace plumbline::config
