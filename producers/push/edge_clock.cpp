#include "producers/push/edge_clock.h"

#include <array>
#include <chrono>
#include <cstdlib>

namespace plumbline::push {
namespace {

// Below it a clock signs by itself: the edge takes 300 s either way, and a request may be a while under way.
constexpr std::int64_t kToleratedS = 240;
// A correction this near to the one in use explains no refusal.
constexpr std::int64_t kSameS = 30;
constexpr int kUnauthorized = 401;
constexpr std::string_view kForm = "Www, DD Mmm YYYY HH:MM:SS GMT";
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

bool EdgeClock::learn(const Response& response, TimeUs local) {
  if (response.status != kUnauthorized) return false;
  const auto edge_s = parse_http_date(response.date);
  if (!edge_s) return false;
  std::int64_t ahead_s = local.value / 1000000 - *edge_s;
  if (std::llabs(ahead_s) < kToleratedS) ahead_s = 0;
  if (std::llabs(ahead_s - local_ahead_s_) < kSameS) return false;
  local_ahead_s_ = ahead_s;
  return true;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  if (text.size() != kForm.size() || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  unsigned month = 0;
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (text.substr(8, 3) == kMonths[i]) month = i + 1;
  }
  const auto day = digits(text, 5, 2), year = digits(text, 12, 4), hour = digits(text, 17, 2),
             minute = digits(text, 20, 2), second = digits(text, 23, 2);
  if (month == 0 || !day || !year || !hour || !minute || !second) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(month),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return duration_cast<seconds>(sys_days(date).time_since_epoch()).count() + *hour * 3600 + *minute * 60 +
         *second;
}

std::string clock_words(std::int64_t local_ahead_s) {
  const std::int64_t minutes = std::llabs(local_ahead_s) / 60;
  const std::string much = minutes < 60
                               ? std::to_string(minutes) + " min"
                               : std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
  return "this machine's clock is " + much + (local_ahead_s < 0 ? " behind" : " ahead of") + " the edge's";
}

}  // namespace plumbline::push
