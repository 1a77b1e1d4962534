// The edge's clock as a client knows it. A signature holds for 300 s of the edge's time, so on a machine
// whose clock is hours off everything would wait until somebody sets it. The edge says its time with each
// refusal (the Date header, RFC 9110 section 6.6.1): the client then signs by that. Events keep their times.
// Not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"
#include "producers/push/transport.h"

namespace plumbline::push {

class EdgeClock {
 public:
  // `local`, as this machine's clock has it, by the edge's.
  [[nodiscard]] TimeUs at(TimeUs local) const { return {local.value - local_ahead_s_ * 1000000}; }

  // True when a 401 shows another difference than the one that the request was signed with: sign it again.
  // A second 401 in a row can't give true, so it is the key that is wrong.
  [[nodiscard]] bool learn(const Response& response, TimeUs local);

  // By how much this machine's clock is ahead of the edge's (negative: behind); 0 while that is no obstacle.
  [[nodiscard]] std::int64_t local_ahead_s() const { return local_ahead_s_; }

 private:
  std::int64_t local_ahead_s_ = 0;
};

// Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT"; nullopt for any other form.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);
// "this machine's clock is 2 h 0 min ahead of the edge's"
[[nodiscard]] std::string clock_words(std::int64_t local_ahead_s);

}  // namespace plumbline::push
