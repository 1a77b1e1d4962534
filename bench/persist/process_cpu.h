// CPU seconds (user + system) of a process and all its descendants, ended ones included, from /proc.
#pragma once
#include <sys/types.h>

namespace plumbline::bench {

[[nodiscard]] double cpu_seconds_of_tree(pid_t root);
// Peak resident memory of one process in MiB (VmHWM); resident now (VmRSS).
[[nodiscard]] double peak_mib(pid_t pid);
[[nodiscard]] double resident_mib(pid_t pid);
// Resident memory by what is behind it: the process's own, mapped files (code, the log's segments), shared.
struct Memory {
  double anonymous_mib = 0, file_mib = 0, shared_mib = 0;
};
[[nodiscard]] Memory memory_of(pid_t pid);

}  // namespace plumbline::bench
