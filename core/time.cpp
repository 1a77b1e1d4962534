#include "core/time.h"

#include <chrono>
#include <cstdio>

namespace plumbline {
namespace {

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

}  // namespace

std::optional<TimeUs> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (y < 1 || mo < 1 || d < 1 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59)
    return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;

  std::size_t at = 19;
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

  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + h * 3600 + mi * 60 + s - offset_s;
  return TimeUs{seconds * 1000000 + fraction_us};
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
