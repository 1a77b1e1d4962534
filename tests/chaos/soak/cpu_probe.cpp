#include "tests/chaos/soak/cpu_probe.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace plumbline::tests {
namespace {

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  return text_of(in);
}

}  // namespace

std::string text_of(std::istream& in) {
  std::ostringstream text;
  text << in.rdbuf();  // takes a failing read for the end; an iterator over the buffer would throw
  return text.str();
}

double busy_seconds(const std::string& proc_stat, double ticks_per_s) {
  std::istringstream line(proc_stat);
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  line >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  return (user + nice + system + irq + softirq + steal) / ticks_per_s;
}

ProcessTime process_time(const std::string& pid_stat, double ticks_per_s) {
  // The name may hold spaces and brackets: fields count from the last bracket.
  const std::size_t name_end = pid_stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(pid_stat.substr(name_end + 1));
  std::string state, skipped;
  ProcessTime process;
  fields >> state >> process.parent;
  for (int i = 0; i < 9; ++i) fields >> skipped;  // pgrp to cmajflt
  double user = 0, system = 0, children_user = 0, children_system = 0;
  fields >> user >> system >> children_user >> children_system;
  process.cpu_s = (user + system + children_user + children_system) / ticks_per_s;
  return process;
}

double tree_seconds(const std::map<pid_t, ProcessTime>& all, pid_t root) {
  double sum = 0;
  for (const auto& [pid, process] : all) {
    for (pid_t at = pid; at > 0;) {
      if (at == root) {
        sum += process.cpu_s;
        break;
      }
      const auto found = all.find(at);
      at = found == all.end() ? 0 : found->second.parent;
    }
  }
  return sum;
}

CpuTime cpu_time() {
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::map<pid_t, ProcessTime> all;
  std::error_code failed;
  for (std::filesystem::directory_iterator at("/proc", failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc())
      all[pid] = process_time(file_text(at->path() / "stat"), ticks);
  }
  return {busy_seconds(file_text("/proc/stat"), ticks), tree_seconds(all, getpid())};
}

double others_seconds(const CpuTime& from, const CpuTime& to, unsigned processors) {
  const double others = (to.busy_s - from.busy_s) - (to.ours_s - from.ours_s);
  return std::max(0.0, others) / std::max(1U, processors);
}

}  // namespace plumbline::tests
