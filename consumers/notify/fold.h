// notify's pure middle: records of drift.v1 into effects. Which routes an event goes to is decided against
// the rows of the moment (routing.h), in the transaction that records it.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "consumers/loop/consumer.h"
#include "consumers/notify/decode.h"
#include "consumers/notify/effects.h"

namespace plumbline::notify {

// The name in positions, dead letters and of the consumer group.
inline constexpr std::string_view kConsumer = "notify";
// Events of one transaction.
inline constexpr std::size_t kEventsMax = 1000;

// Folds records from the front, at most kEventsMax; returns how many it took. Replays are muted: what is not
// fresh has no effect. Poison becomes Effects::dead.
std::size_t fold(std::span<const loop::Input> inputs, EventDecoder& decoder, Effects& effects);

// A dead letter of a record.
[[nodiscard]] postgres::DeadLetter dead_letter(const log::ReadRecord& record, const Error& why);

}  // namespace plumbline::notify
