#include "core/time.h"

#include <chrono>
#include <cstdio>
#include <cstring>

namespace plumbline {
namespace {

constexpr std::size_t kSecondBytes = 19;  // of 2026-11-02T09:00:00

// Reads exactly `count` digits at `at`; -1 when there are fewer.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// Writes the last `count` digits of a value that is not negative.
char* put_digits(char* at, std::int64_t value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + count;
}

// Of 2026-11-02T09:00:00, the first 19 characters of at least 20, as if they were UTC.
std::optional<std::int64_t> second_of(std::string_view text) {
  using namespace std::chrono;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (y < 1 || mo < 1 || d < 1 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59)
    return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;
  return std::int64_t{sys_days{date}.time_since_epoch().count()} * 86400 + h * 3600 + mi * 60 + s;
}

// With what stands behind the seconds: the fraction and the offset.
std::optional<TimeUs> with_rest(std::int64_t second, std::string_view text) {
  std::size_t at = kSecondBytes;
  std::int64_t fraction_us = 0;
  if (text[at] == '.') {
    ++at;
    const std::size_t first = at;
    std::int64_t scale = 100000;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      fraction_us += scale * (text[at] - '0');
      scale /= 10;
      ++at;
    }
    if (at == first || at - first > 9) return std::nullopt;
  }
  if (at >= text.size()) return std::nullopt;

  std::int64_t offset_s = 0;
  if (text[at] == 'Z' || text[at] == 'z') {
    ++at;
  } else if (text[at] == '+' || text[at] == '-') {
    const int oh = digits(text, at + 1, 2), om = digits(text, at + 4, 2);
    if (oh < 0 || oh > 23 || om < 0 || om > 59 || text[at + 3] != ':') return std::nullopt;
    offset_s = (oh * 3600 + om * 60) * (text[at] == '+' ? 1 : -1);
    at += 6;
  } else {
    return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  return TimeUs{(second - offset_s) * 1000000 + fraction_us};
}

}  // namespace

std::optional<TimeUs> parse_rfc3339(std::string_view text) {
  if (text.size() <= kSecondBytes) return std::nullopt;
  const auto second = second_of(text);
  if (!second) return std::nullopt;
  return with_rest(*second, text);
}

std::optional<TimeUs> Rfc3339Reader::parse(std::string_view text) {
  if (text.size() <= kSecondBytes) return std::nullopt;
  if (!second_ || std::memcmp(text.data(), text_.data(), kSecondBytes) != 0) {
    const auto second = second_of(text);
    if (!second) return std::nullopt;
    second_ = second;
    std::memcpy(text_.data(), text.data(), kSecondBytes);
  }
  return with_rest(*second_, text);
}

std::string format_rfc3339(TimeUs time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds{time.value}};
  const auto day_point = floor<days>(point);
  const year_month_day date{day_point};
  const hh_mm_ss<microseconds> clock{point - day_point};
  char text[64];
  const int year = static_cast<int>(date.year());
  char* at = year >= 0 && year <= 9999 ? put_digits(text, year, 4)
                                       : text + std::snprintf(text, sizeof text, "%04d", year);
  *at++ = '-';
  at = put_digits(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = put_digits(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = put_digits(at, clock.hours().count(), 2);
  *at++ = ':';
  at = put_digits(at, clock.minutes().count(), 2);
  *at++ = ':';
  at = put_digits(at, clock.seconds().count(), 2);
  *at++ = '.';
  at = put_digits(at, clock.subseconds().count(), 6);
  *at++ = 'Z';
  return {text, at};
}

}  // namespace plumbline
