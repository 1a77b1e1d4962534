// How long the processors worked for others: programs that are neither this one nor started by it, and the
// host of a virtual machine. It explains a late recovery and excuses none.
#pragma once
#include <string>

namespace plumbline::tests {

// Seconds of all processors together since the machine's start.
struct CpuTime {
  double busy_s = 0;  // for whomever, stolen time too
  double ours_s = 0;  // this process and all it has started, also what has ended and was waited for
};

[[nodiscard]] double busy_seconds(const std::string& proc_stat, double ticks_per_s);
[[nodiscard]] CpuTime cpu_time();
// Seconds for which the whole machine would have been the others' between two readings.
[[nodiscard]] double others_seconds(const CpuTime& from, const CpuTime& to, unsigned processors);

}  // namespace plumbline::tests
