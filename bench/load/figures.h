// What processes take and the machine does, from /proc, and what samples say.
#pragma once
#include <vector>

#include <sys/types.h>

namespace plumbline::bench {

// CPU seconds (user + system) of a process and all its descendants, ended ones included.
[[nodiscard]] double cpu_seconds_of_tree(pid_t root);
// Of this process alone, finer than /proc's.
[[nodiscard]] double own_cpu_seconds();
// Runnable threads, mean of the last minute.
[[nodiscard]] double load_average();
// The nearest-rank quantile; 0 of no samples.
[[nodiscard]] double quantile(std::vector<double> samples, double q);
// Peak resident memory of one process in MiB (VmHWM); resident now (VmRSS).
[[nodiscard]] double peak_mib(pid_t pid);
[[nodiscard]] double resident_mib(pid_t pid);
// Resident memory by what is behind it: the process's own, mapped files (code, the log's segments), shared.
struct Memory {
  double anonymous_mib = 0, file_mib = 0, shared_mib = 0;
};
[[nodiscard]] Memory memory_of(pid_t pid);

}  // namespace plumbline::bench
