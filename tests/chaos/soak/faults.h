// Random faults of a whole installation, each healed before the next. Everything happens on one thread, which
// lives as long as the processes that it starts.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/support/fault_proxy.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

// A process that is watched and hurt. The pid is read by the sampler.
struct Victim {
  std::string name;
  test::Process* process;
  std::atomic<pid_t> pid{0};
};

class Faults {
 public:
  // Starts two of each role that has a group, so that a stopped one has a successor. `client_wire`: between
  // clients and the edge; `longest_stop_s` bounds SIGSTOP. `only`: "kill broker", "stop persist", "client
  // wire", again and again; empty: any fault.
  Faults(Stack& stack, test::FaultProxy& client_wire, std::uint64_t seed, int longest_stop_s,
         std::string only = {});

  void add(const std::string& name, test::Process& process);
  // One fault, over when this returns; its name for the report.
  std::string strike();
  // The names of those that ended by themselves; empty as it must be.
  [[nodiscard]] std::string ended() const;
  [[nodiscard]] const std::vector<std::unique_ptr<Victim>>& victims() const { return victims_; }
  [[nodiscard]] const std::map<std::string, int>& struck() const { return struck_; }

 private:
  // By name: one of the victims, postgres, or the broker.
  std::string kill_one(const std::string& name);
  std::string stop_one(const std::string& name);
  std::string hurt_wire(const std::string& name);
  [[nodiscard]] std::string any_process();
  [[nodiscard]] std::string any_wire();
  [[nodiscard]] Victim* victim(const std::string& name);
  void wait_ms(std::uint64_t milliseconds) const;

  Stack& stack_;
  std::map<std::string, test::FaultProxy*> wires_;
  std::mt19937_64 random_;
  const int longest_stop_s_;
  const std::string only_;
  std::vector<std::unique_ptr<Victim>> victims_;
  std::map<std::string, int> struck_;
};

}  // namespace plumbline::tests
