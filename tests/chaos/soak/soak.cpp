// script/soak's program: traces stream into a whole installation while faults strike; in the end
// everything that was answered 202 is stored once and the ledger balances. Exits with 1 otherwise.
// usage: plumbline_soak embedded|kafka SECONDS KILLS SEED SAMPLES_FILE (0 of SECONDS or KILLS: no such bound)
#include <cstdlib>
#include <iostream>

#include "tests/chaos/soak/faults.h"
#include "tests/chaos/soak/sampler.h"
#include "tests/chaos/stream.h"

namespace plumbline::tests {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kRecovery = std::chrono::seconds(90);  // the aim is 30 s; a busy machine gets three times that

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void fail(const Stack& stack, const std::string& what) {
  std::cerr << "soak: " << what << "\n" << stack.logs() << std::endl;
  throw std::runtime_error(what);
}

int soak(Backend backend, double seconds, std::uint64_t kills, std::uint64_t seed,
         const std::string& samples) {
  Stack stack(backend);
  stack.start_roles();
  const Tenant acme = stack.create_tenant("acme"), globex = stack.create_tenant("globex");
  if (!test::wait_for([&] { return accepts(stack, acme) && accepts(stack, globex); }))
    fail(stack, "nothing is accepted");
  test::FaultProxy network(stack.edge_port());
  Faults faults(stack, network, seed, seconds > 3600 ? 60 : 10);
  Stream stream(network.port(), {acme.signer, globex.signer}, seed, 60);
  std::mt19937_64 random(seed + 1);
  double slowest_s = 0;
  std::uint64_t struck = 0;
  {
    Sampler sampler(samples, to_string(backend), stack, globex, faults, [&] { return stream.accepted(); });
    const auto begin = Clock::now();
    while ((seconds == 0 || since(begin) < seconds) && (kills == 0 || struck < kills)) {
      // Between two faults something must have been accepted: each fault meets an installation that works.
      const std::size_t enough = stream.accepted() + 100 + random() % 3000;
      if (!test::wait_for([&] { return stream.accepted() >= enough; }, kRecovery))
        fail(stack, "no recovery after fault " + std::to_string(struck));
      const std::string what = faults.strike();
      ++struck;
      const std::size_t before = stream.accepted();
      const auto start = Clock::now();
      if (!test::wait_for([&] { return stream.accepted() > before; }, kRecovery))
        fail(stack, "no recovery after " + what);
      slowest_s = std::max(slowest_s, since(start));
      sampler.mark(what, since(start));
    }
  }
  for (const auto& [status, times] : stream.by_status())
    std::cout << "  answered " << status << " " << times << " times\n";
  const std::set<Uuid> accepted = stream.end();
  for (const auto& [what, times] : faults.struck()) std::cout << "  " << what << ": " << times << "\n";
  std::cout << "  " << struck << " faults, slowest recovery " << slowest_s << " s, " << accepted.size()
            << " traces accepted" << std::endl;

  const auto left = [&] { return not_stored(stack.database(), accepted).size(); };
  if (!test::wait_for([&] { return left() == 0; }, std::chrono::minutes(5)))
    fail(stack, std::to_string(left()) + " accepted traces are not stored");
  if (stack.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces") != "0")
    fail(stack, "a trace is stored twice");
  if (!test::wait_for(
          [&] { return stack.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t"; },
          std::chrono::minutes(3)))
    fail(stack, "the ledger does not balance\n" + stack.plumbline("ledger"));
  std::cout << "  " << to_string(backend) << ": each stored exactly once, the ledger balances" << std::endl;
  return 0;
}

}  // namespace
}  // namespace plumbline::tests

int main(int argc, char** argv) {
  using namespace plumbline::tests;
  if (argc != 6) return 2;
  try {
    return soak(std::string_view(argv[1]) == "kafka" ? Backend::kKafka : Backend::kEmbedded,
                std::strtod(argv[2], nullptr), std::strtoull(argv[3], nullptr, 10),
                std::strtoull(argv[4], nullptr, 10), argv[5]);
  } catch (const std::exception& error) {
    std::cerr << "soak: " << error.what() << std::endl;
    return 1;
  }
}
