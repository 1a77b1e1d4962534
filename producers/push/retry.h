// When to try again: exponential backoff with full jitter, never sooner than the edge asks, and only so
// often. Pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plumbline::push {

struct RetryPolicy {
  int attempts_max = 8;
  std::chrono::milliseconds first{250};
  std::chrono::milliseconds longest{15000};
  std::chrono::milliseconds retry_after_max{120000};  // an edge that asks for more is not waited for
};

// May the same request succeed later? 0 stands for no answer at all.
[[nodiscard]] bool is_retryable(int status);
// Seconds only, as the edge sends it; nullopt for anything else.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value);
// Wait before attempt number `attempt` + 1 (attempts count from 1); nullopt: give up. `random` is any 64
// bits.
[[nodiscard]] std::optional<std::chrono::milliseconds> next_wait(
    const RetryPolicy& policy, int attempt, std::optional<std::chrono::seconds> retry_after,
    std::uint64_t random);

}  // namespace plumbline::push
