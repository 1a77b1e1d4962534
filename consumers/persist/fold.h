// persist's pure middle: records of the log into effects. Touches only its arguments; any split of the
// records into batches gives the same rows, counts and state (fold_test.cpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "consumers/loop/consumer.h"
#include "consumers/persist/decode.h"
#include "consumers/persist/effects.h"
#include "consumers/persist/state.h"

namespace plumbline::persist {

// The name in positions, dead letters and of the consumer group.
inline constexpr std::string_view kConsumer = "persist";

// Numbers of plumbline.log_topics; 0: none of ours.
[[nodiscard]] std::int16_t topic_number(std::string_view topic);

// Of a line whose day its tenant's retention has removed.
[[nodiscard]] Verdict below_floor();

// Folds records from the front until about `rows_max` rows are there; returns how many it took (at least one,
// whole records only). Poison becomes Effects::refused, never an error. `state` is the state before;
// Effects::sequences is what changes in it.
std::size_t fold(const State& state, std::span<const loop::Input> inputs, std::size_t rows_max,
                 LineDecoder& decoder, Effects& effects);

}  // namespace plumbline::persist
