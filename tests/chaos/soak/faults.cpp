#include "tests/chaos/soak/faults.h"

#include <cmath>
#include <csignal>
#include <stdexcept>

namespace plumbline::tests {

Faults::Faults(Stack& stack, test::FaultProxy& client_wire, std::uint64_t seed, int longest_stop_s,
               std::string only)
    : stack_(stack), random_(seed), longest_stop_s_(longest_stop_s), only_(std::move(only)) {
  wires_["client"] = &client_wire;
  if (stack.postgres_wire() != nullptr) wires_["postgres"] = stack.postgres_wire();
  if (stack.broker_wire() != nullptr) wires_["broker"] = stack.broker_wire();
  add("edge", stack_.edge());
  add("persist", stack_.persist());
  add("persist 2", stack_.add_persist());
  add("health", stack_.add_role("health"));
  for (const std::string role : {"drift", "notify"}) {
    add(role, stack_.add_role(role));
    add(role + " 2", stack_.add_role(role));
  }
}

void Faults::add(const std::string& name, test::Process& process) {
  victims_.push_back(std::make_unique<Victim>());
  victims_.back()->name = name;
  victims_.back()->process = &process;
  victims_.back()->pid = process.pid();
}

std::string Faults::ended() const {
  std::string names;
  for (const auto& victim : victims_) {
    if (!victim->process->running()) names += victim->name + " ";
  }
  return names;
}

void Faults::wait_ms(std::uint64_t milliseconds) const {
  (void)test::wait_for([] { return false; }, std::chrono::milliseconds(milliseconds));
}

std::string Faults::any_process() {
  const std::size_t all = victims_.size() + (stack_.backend() == Backend::kKafka ? 2 : 1);
  const std::size_t which = random_() % all;
  if (which < victims_.size()) return victims_[which]->name;
  return which == victims_.size() ? "postgres" : "broker";
}

std::string Faults::any_wire() {
  auto chosen = wires_.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(random_() % wires_.size()));
  return chosen->first;
}

Victim* Faults::victim(const std::string& name) {
  for (const auto& victim : victims_) {
    if (victim->name == name) return victim.get();
  }
  if (name != "postgres" && (name != "broker" || stack_.backend() != Backend::kKafka))
    throw std::runtime_error("nothing here is called " + name);
  return nullptr;
}

// kill -9 of a process, of PostgreSQL or of the broker; it is started again at once or after a moment.
std::string Faults::kill_one(const std::string& name) {
  const std::uint64_t away_ms = random_() % 3 == 0 ? random_() % 3000 : 0;
  if (Victim* hurt = victim(name); hurt != nullptr) {
    hurt->process->kill9();
    wait_ms(away_ms);
    hurt->process->start();
    hurt->pid = hurt->process->pid();
    return "kill " + name;
  }
  if (name == "postgres") {
    stack_.postgres().kill9();
    wait_ms(away_ms);
    stack_.postgres().start();
    // It replays its own log first; that is its time, not ours.
    (void)test::wait_for([this] { return !stack_.value("SELECT 1").empty(); }, std::chrono::minutes(3));
    return "kill postgres";
  }
  stack_.broker().kill9();
  wait_ms(away_ms);
  stack_.broker().start();
  return "kill broker";
}

// A machine that stalls: the process believes that no time has passed. From one second to the longest, short
// ones as often as long ones of the same ratio.
std::string Faults::stop_one(const std::string& name) {
  const double share = static_cast<double>(random_() % 1000) / 1000;
  const auto for_ms = static_cast<std::uint64_t>(1000 * std::pow(longest_stop_s_, share));
  if (Victim* hurt = victim(name); hurt != nullptr) {
    hurt->process->pause();
    wait_ms(for_ms);
    hurt->process->signal(SIGCONT);
    return "stop " + name;
  }
  if (name == "postgres") {
    stack_.postgres().pause();
    wait_ms(for_ms);
    stack_.postgres().resume();
    return "stop postgres";
  }
  stack_.broker().pause();
  wait_ms(for_ms);
  stack_.broker().resume();
  return "stop broker";
}

std::string Faults::hurt_wire(const std::string& name) {
  const auto chosen = wires_.find(name);
  if (chosen == wires_.end()) throw std::runtime_error("no wire here is called " + name);
  test::FaultProxy& wire = *chosen->second;
  const std::uint64_t for_ms = 500 + random_() % 8000;
  switch (random_() % 4) {
    case 0:
      wire.set(test::FaultProxy::Mode::kRefuse);
      wait_ms(for_ms);
      wire.set(test::FaultProxy::Mode::kPass);
      return chosen->first + " wire refused";
    case 1:
      wire.set(test::FaultProxy::Mode::kHold);
      wait_ms(for_ms);
      wire.set(test::FaultProxy::Mode::kPass);
      return chosen->first + " wire held";
    case 2:
      wire.slow(20'000);
      wait_ms(for_ms);
      wire.slow(0);
      return chosen->first + " wire slow";
    default:
      for (int i = 0; i < 5; ++i) {
        wire.cut_after(static_cast<std::int64_t>(random_() % 30'000));
        wait_ms(for_ms / 5);
      }
      return chosen->first + " wire cut";
  }
}

std::string Faults::strike() {
  std::string what;
  if (only_.starts_with("kill ")) {
    what = kill_one(only_.substr(5));
  } else if (only_.starts_with("stop ")) {
    what = stop_one(only_.substr(5));
  } else if (only_.ends_with(" wire")) {
    what = hurt_wire(only_.substr(0, only_.size() - 5));
  } else if (!only_.empty()) {
    throw std::runtime_error("a fault is 'kill NAME', 'stop NAME' or 'NAME wire', not '" + only_ + "'");
  } else {
    const std::uint64_t kind = random_() % 10;
    what = kind < 6 ? kill_one(any_process()) : kind < 8 ? stop_one(any_process()) : hurt_wire(any_wire());
  }
  ++struck_[what];
  return what;
}

}  // namespace plumbline::tests
