#include "tests/chaos/soak/cpu_probe.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "bench/load/figures.h"

namespace plumbline::tests {

double busy_seconds(const std::string& proc_stat, double ticks_per_s) {
  std::istringstream line(proc_stat);
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  line >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  return (user + nice + system + irq + softirq + steal) / ticks_per_s;
}

CpuTime cpu_time() {
  std::string machine;
  std::ifstream stat("/proc/stat");
  std::getline(stat, machine);
  return {busy_seconds(machine, static_cast<double>(sysconf(_SC_CLK_TCK))),
          bench::cpu_seconds_of_tree(getpid())};
}

double others_seconds(const CpuTime& from, const CpuTime& to, unsigned processors) {
  const double others = (to.busy_s - from.busy_s) - (to.ours_s - from.ours_s);
  return std::max(0.0, others) / std::max(1U, processors);
}

}  // namespace plumbline::tests
