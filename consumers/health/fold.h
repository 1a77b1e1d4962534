// health's pure middle: records of the log into sums. Touches only its arguments; any split of the records
// into batches gives the same tables. A line counts when persist stores it: the same checks, the first of an
// identity.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "consumers/health/effects.h"
#include "consumers/health/state.h"
#include "consumers/loop/consumer.h"
#include "core/codec/form_decoder.h"

namespace plumbline::health {

// The name in positions and of the consumer group.
inline constexpr std::string_view kConsumer = "health";

// Numbers of plumbline.log_topics that health reads; 0: none of them.
[[nodiscard]] std::int16_t topic_number(std::string_view topic);

// Folds records from the front until about `lines_max` lines were looked at; returns how many it took (at
// least one, whole records only). What it counts is fresh in the windows of `state`; fresh ones of an earlier
// fold are forgotten first.
std::size_t fold(State& state, std::span<const loop::Input> inputs, std::size_t lines_max,
                 codec::FormDecoder& decoder, Effects& effects);

}  // namespace plumbline::health
