// How long the processors worked for others: programs that are neither this one nor started by it, and the
// host of a virtual machine. It explains a late recovery and excuses none.
#pragma once
#include <iosfwd>
#include <map>
#include <string>

#include <sys/types.h>

namespace plumbline::tests {

// Seconds of all processors together since the machine's start.
struct CpuTime {
  double busy_s = 0;  // for whomever, stolen time too
  double ours_s = 0;  // this process and all it has started, also what has ended and was waited for
};

// One line of /proc/PID/stat.
struct ProcessTime {
  pid_t parent = 0;
  double cpu_s = 0;  // its own and that of its children that it has waited for
};

// What can be read: a process may end between the opening of its file and the reading.
[[nodiscard]] std::string text_of(std::istream& in);
[[nodiscard]] double busy_seconds(const std::string& proc_stat, double ticks_per_s);
[[nodiscard]] ProcessTime process_time(const std::string& pid_stat, double ticks_per_s);
[[nodiscard]] double tree_seconds(const std::map<pid_t, ProcessTime>& all, pid_t root);
[[nodiscard]] CpuTime cpu_time();
// Seconds for which the whole machine would have been the others' between two readings.
[[nodiscard]] double others_seconds(const CpuTime& from, const CpuTime& to, unsigned processors);

}  // namespace plumbline::tests
