#include "tests/chaos/soak/faults.h"

#include <csignal>

namespace plumbline::tests {

Faults::Faults(Stack& stack, test::FaultProxy& network, std::uint64_t seed, int longest_stop_s)
    : stack_(stack), network_(network), random_(seed), longest_stop_s_(longest_stop_s) {
  const auto add = [this](const std::string& name, test::Process& process) {
    victims_.push_back(std::make_unique<Victim>());
    victims_.back()->name = name;
    victims_.back()->process = &process;
    victims_.back()->pid = process.pid();
  };
  add("edge", stack_.edge());
  add("persist", stack_.persist());
  for (const char* role : {"health", "drift", "notify"}) add(role, stack_.add_role(role));
}

void Faults::wait_ms(std::uint64_t milliseconds) const {
  (void)test::wait_for([] { return false; }, std::chrono::milliseconds(milliseconds));
}

// kill -9 of a role, of PostgreSQL or of the broker; it is started again at once or after a moment.
std::string Faults::kill_server() {
  const std::size_t servers = victims_.size() + (stack_.backend() == Backend::kKafka ? 2 : 1);
  const std::size_t which = random_() % servers;
  const std::uint64_t away_ms = random_() % 3 == 0 ? random_() % 3000 : 0;
  if (which < victims_.size()) {
    Victim& victim = *victims_[which];
    victim.process->kill9();
    wait_ms(away_ms);
    victim.process->start();
    victim.pid = victim.process->pid();
    return "kill " + victim.name;
  }
  if (which == victims_.size()) {
    stack_.postgres().kill9();
    wait_ms(away_ms);
    stack_.postgres().start();
    return "kill postgres";
  }
  stack_.broker().kill9();
  wait_ms(away_ms);
  stack_.broker().start();
  return "kill broker";
}

// A machine that stalls: the process believes that no time has passed.
std::string Faults::stop_one() {
  Victim& victim = *victims_[random_() % victims_.size()];
  victim.process->signal(SIGSTOP);
  wait_ms(1000 + random_() % (static_cast<std::uint64_t>(longest_stop_s_) * 1000));
  victim.process->signal(SIGCONT);
  return "stop " + victim.name;
}

std::string Faults::hurt_network() {
  const std::uint64_t for_ms = 500 + random_() % 4000;
  switch (random_() % 4) {
    case 0:
      network_.set(test::FaultProxy::Mode::kRefuse);
      wait_ms(for_ms);
      network_.set(test::FaultProxy::Mode::kPass);
      return "network refused";
    case 1:
      network_.set(test::FaultProxy::Mode::kHold);
      wait_ms(for_ms);
      network_.set(test::FaultProxy::Mode::kPass);
      return "network held";
    case 2:
      network_.slow(20'000);
      wait_ms(for_ms);
      network_.slow(0);
      return "network slow";
    default:
      for (int i = 0; i < 5; ++i) {
        network_.cut_after(static_cast<std::int64_t>(random_() % 30'000));
        wait_ms(for_ms / 5);
      }
      return "network cut";
  }
}

std::string Faults::strike() {
  const std::uint64_t kind = random_() % 10;
  const std::string what = kind < 6 ? kill_server() : kind < 8 ? stop_one() : hurt_network();
  ++struck_[what];
  return what;
}

}  // namespace plumbline::tests
