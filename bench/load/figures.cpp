#include "bench/load/figures.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace plumbline::bench {
namespace {

struct Stat {
  pid_t parent = 0;
  double seconds = 0;
};

bool read_stat(const std::filesystem::path& path, Stat& stat) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) return false;
  const auto after_name = text.rfind(')');
  if (after_name == std::string::npos) return false;
  std::istringstream fields(text.substr(after_name + 2));
  std::string skip;
  long ticks[4] = {};
  fields >> skip >> stat.parent;
  for (int i = 0; i < 9; ++i) fields >> skip;
  fields >> ticks[0] >> ticks[1] >> ticks[2] >> ticks[3];  // utime stime cutime cstime
  stat.seconds = static_cast<double>(ticks[0] + ticks[1] + ticks[2] + ticks[3]) /
                 static_cast<double>(sysconf(_SC_CLK_TCK));
  return true;
}

double status_mib(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::stod(line.substr(name.size() + 1)) / 1024;
  }
  return 0;
}

}  // namespace

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return s(usage.ru_utime) + s(usage.ru_stime);
}

double load_average() {
  double one = 0;
  std::ifstream("/proc/loadavg") >> one;
  return one;
}

double quantile(std::vector<double> samples, double q) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  return samples[static_cast<std::size_t>(std::ceil(q * static_cast<double>(samples.size()))) - 1];
}

double cpu_seconds_of_tree(pid_t root) {
  std::map<pid_t, Stat> all;
  std::error_code failed;
  for (std::filesystem::directory_iterator at("/proc", failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ptr != name.data() + name.size()) continue;
    Stat stat;
    if (read_stat(at->path() / "stat", stat)) all[pid] = stat;
  }
  double seconds = 0;
  for (const auto& [pid, stat] : all) {
    for (pid_t up = pid; all.contains(up); up = all[up].parent) {
      if (up == root) {
        seconds += stat.seconds;
        break;
      }
    }
  }
  return seconds;
}

double peak_mib(pid_t pid) {
  return status_mib(pid, "VmHWM");
}

double resident_mib(pid_t pid) {
  return status_mib(pid, "VmRSS");
}

Memory memory_of(pid_t pid) {
  return {status_mib(pid, "RssAnon"), status_mib(pid, "RssFile"), status_mib(pid, "RssShmem")};
}

}  // namespace plumbline::bench
