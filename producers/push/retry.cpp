#include "producers/push/retry.h"

#include <algorithm>

namespace plumbline::push {

bool is_retryable(int status) {
  return status == 0 || status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value) {
  if (value.empty() || value.size() > 6) return std::nullopt;
  int seconds = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = seconds * 10 + (c - '0');
  }
  return std::chrono::seconds(seconds);
}

std::optional<std::chrono::milliseconds> next_wait(const RetryPolicy& policy, int attempt,
                                                   std::optional<std::chrono::seconds> retry_after,
                                                   std::uint64_t random) {
  if (attempt >= policy.attempts_max) return std::nullopt;
  if (retry_after && *retry_after > policy.retry_after_max) return std::nullopt;
  const auto ceiling = std::min(policy.longest, policy.first * (1 << std::min(attempt - 1, 16)));
  const auto jittered = std::chrono::milliseconds(random % static_cast<std::uint64_t>(ceiling.count() + 1));
  // What the edge asks for, and a little more, so that all who were refused together don't come back
  // together.
  return retry_after
             ? std::chrono::milliseconds(*retry_after) + std::min(jittered, std::chrono::milliseconds(1000))
             : jittered;
}

}  // namespace plumbline::push
