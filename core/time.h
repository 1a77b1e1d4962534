// Points in time as integer microseconds since the Unix epoch (UTC): what the wire, the rows and the folds
// share.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline {

struct TimeUs {
  std::int64_t value = 0;  // microseconds since 1970-01-01T00:00:00Z
  auto operator<=>(const TimeUs&) const = default;
};

// RFC 3339 date-time with the profile of schemas/json-profile.md: years 0001 to 9999, 'T' and 'Z' in either
// case, 1 to 9 fraction digits (kept to the microsecond, truncated), numeric offsets up to 23:59; second 60
// (a leap second) is refused.
[[nodiscard]] std::optional<TimeUs> parse_rfc3339(std::string_view text);

// parse_rfc3339 for who reads many times of a few seconds: the second that was read last is not read again.
// Not thread-safe.
class Rfc3339Reader {
 public:
  [[nodiscard]] std::optional<TimeUs> parse(std::string_view text);

 private:
  std::array<char, 19> text_{};         // of second_
  std::optional<std::int64_t> second_;  // nullopt: none was read yet
};

// 2026-11-02T09:00:00.000000Z, always 27 characters.
[[nodiscard]] std::string format_rfc3339(TimeUs time);

}  // namespace plumbline
