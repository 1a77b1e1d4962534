// States and violations as the JSON that drift keeps in its own tables. Reading back what was written gives
// the same value.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/drift/history.h"
#include "core/result.h"

namespace plumbline::drift {

[[nodiscard]] std::string to_json(const State& state);
[[nodiscard]] std::string to_json(std::span<const Violation> violations);
// Fatal "drift_state": not what to_json writes; rows that another version wrote or a person changed.
Result<State> state_from(std::string_view json);
Result<std::vector<Violation>> violations_from(std::string_view json);

}  // namespace plumbline::drift
