// How far the consumer is behind, in records and in time.
#include <algorithm>

#include "consumers/loop/loop.h"
#include "consumers/loop/meters.h"

namespace plumbline::loop {
namespace {

// Asking a broker for its watermarks costs a round trip a partition.
constexpr std::chrono::seconds kLagInterval{5};

}  // namespace

void Loop::note_in_hand(std::span<const Input> inputs) {
  std::int64_t oldest_ms = 0;
  for (const Input& input : inputs) {
    if (oldest_ms == 0 || input.record->timestamp_ms < oldest_ms) oldest_ms = input.record->timestamp_ms;
  }
  meters_->in_hand->store(oldest_ms * 1000);
}

// A record behind the position came after the newest committed one, and after nothing was behind it: the
// later of the two bounds its age, so a single late record does not look like the whole quiet time before it.
void Loop::report_lag() {
  const auto now = clock_.monotonic();
  if (now - lag_reported_ < kLagInterval && lag_reported_.time_since_epoch().count() != 0) return;
  lag_reported_ = now;
  for (const auto& [at, position] : owned_) {
    const auto marks = log_.watermarks(at);
    if (!marks) continue;
    const std::int64_t records = std::max<std::int64_t>(0, marks->high - position.next_offset);
    Behind& behind = behind_[at];
    const TimeUs wall = clock_.now();
    if (records == 0) behind.caught_up_at = wall;
    const std::int64_t since = std::max(behind.received_at.value, behind.caught_up_at.value);
    const std::int64_t waited_us =
        records == 0 || since == 0 ? 0 : std::max<std::int64_t>(0, wall.value - since);
    meters_->lag_records(at).set(static_cast<double>(records));
    meters_->lag_seconds(at).set(static_cast<double>(waited_us) / 1e6);
  }
}

}  // namespace plumbline::loop
