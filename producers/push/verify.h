// `plumb verify`: a verdict over each AtlasBridge trace file, and against what an earlier push saw of it.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "producers/push/chain_state.h"

namespace plumbline::push {

// One line for each file, its problems below it. Exit codes of push.h: 0, 2 (nothing to read) or 4.
[[nodiscard]] int verify(const std::vector<std::string>& paths, const ChainState& state, std::ostream& out,
                         std::ostream& err);

void print_problems(const std::string& name, const chain::FileReport& report, std::ostream& out);

}  // namespace plumbline::push
