#include "core/config/values.h"

#include <charconv>
#include <utility>

namespace plumbline::config {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t factor;
};

constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
constexpr Unit kSizes[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}};

template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text, const Unit (&units)[N], bool bare) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto number = parse_integer(text.substr(0, text.size() - unit.suffix.size()));
    std::int64_t product = 0;
    if (number && !__builtin_mul_overflow(*number, unit.factor, &product)) return product;
  }
  return bare ? parse_integer(text) : std::nullopt;
}

template <std::size_t N>
std::string print(std::int64_t value, const Unit (&units)[N], std::string_view bare) {
  std::pair<std::int64_t, std::string_view> best{1, bare};
  for (const Unit& unit : units) {
    if (value != 0 && unit.factor > best.first && value % unit.factor == 0) best = {unit.factor, unit.suffix};
  }
  return std::to_string(value / best.first) + std::string(best.second);
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto ms = with_unit(text, kDurations, text == "0");
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(*ms);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  return with_unit(text, kSizes, true);
}

std::string print_duration(std::chrono::milliseconds value) {
  return print(value.count(), kDurations, "ms");
}

std::string print_size(std::int64_t bytes) {
  return bytes < 0 ? std::to_string(bytes) : print(bytes, kSizes, "");
}

bool is_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (host.find(':') != std::string_view::npos && !bracketed) return false;
  const auto port = parse_integer(text.substr(colon + 1));
  return port && *port >= 1 && *port <= 65535;
}

}  // namespace plumbline::config
