// Values in words: durations ("250ms", "10s", "15m", "168h"), sizes ("512", "64KiB", "8MiB", "2GiB"),
// numbers.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline::config {

[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);
[[nodiscard]] std::string print_duration(std::chrono::milliseconds value);
[[nodiscard]] std::string print_size(std::int64_t bytes);
// "HOST:PORT" or "[V6]:PORT" with a port of 1 to 65535.
[[nodiscard]] bool is_listen_address(std::string_view text);

}  // namespace plumbline::config
