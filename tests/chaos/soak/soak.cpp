// script/soak's program: traces and reports stream into a whole installation while faults strike; in the end
// everything that was answered 202 is stored once, the ledger balances, each drift was told and no message
// came twice without saying so, and no position ever went back. Exits with 1 otherwise.
// usage: plumbline_soak embedded|kafka SECONDS KILLS SEED SAMPLES_FILE [FAULT] (0 of SECONDS or KILLS: no
// such bound)
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "core/clock.h"
#include "tests/chaos/soak/cpu_probe.h"
#include "tests/chaos/soak/disk_probe.h"
#include "tests/chaos/soak/drifts.h"
#include "tests/chaos/soak/faults.h"
#include "tests/chaos/soak/sampler.h"
#include "tests/chaos/stream.h"

namespace plumbline::tests {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kRecoveryS = 30;  // of a disk that works
constexpr auto kGivenUp = std::chrono::minutes(5);
constexpr int kLongestStopS = 60;
constexpr int kAgents = 3;  // of each tenant

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void fail(const Stack& stack, const std::string& what) {
  std::cerr << "soak: " << what << "\n" << stack.logs() << std::endl;
  throw std::runtime_error(what);
}

// A consumer that lost its partition and believes otherwise must change nothing: positions and epochs only
// rise, whoever writes them.
void watch_positions(const Stack& stack) {
  auto super = stack.database().superuser();
  (void)require(super.execute(
      "CREATE TABLE public.gone_back (what text);"
      "CREATE FUNCTION public.note_gone_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
      "IF NEW.epoch < OLD.epoch OR NEW.next_offset < OLD.next_offset OR NEW.counted_offset < "
      "OLD.counted_offset THEN INSERT INTO public.gone_back VALUES (OLD::text || ' ' || NEW::text); END IF; "
      "RETURN NEW; END $$;"
      "CREATE TRIGGER gone_back BEFORE UPDATE ON plumbline.positions FOR EACH ROW EXECUTE FUNCTION "
      "public.note_gone_back()"));
  // How long PostgreSQL itself takes after a crash is what it wrote since its last checkpoint.
  (void)require(super.execute("ALTER SYSTEM SET checkpoint_timeout = '30s'"));
  (void)require(super.execute("SELECT pg_reload_conf()"));
}

// Traces that were made after `from` are in the table, of each agent of each tenant: every part works again.
bool stored_since(const Stack& stack, TimeUs from) {
  return stack.value("SELECT count(DISTINCT (tenant_id, agent)) >= " + std::to_string(2 * kAgents) +
                     " FROM plumbline.traces WHERE time > '" + format_rfc3339(from) + "'") == "t";
}

// What every role has logged so far, to be read after the installation is gone.
void keep_logs(const Stack& stack, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const auto& entry : std::filesystem::directory_iterator(stack.folder())) {
    if (entry.path().extension() == ".log" && entry.is_regular_file())
      std::filesystem::copy_file(entry.path(), folder / entry.path().filename(),
                                 std::filesystem::copy_options::overwrite_existing);
  }
  if (stack.backend() == Backend::kKafka)
    std::filesystem::copy_file(stack.broker().folder() / "server.log", folder / "broker.log",
                               std::filesystem::copy_options::overwrite_existing);
}

struct Recovery {
  double accepts_s = 0, stores_s = 0, tells_s = 0;
  double disk_s = 0;    // of which the machine's disk stood still
  double others_s = 0;  // of which the machine worked for others: told, for it explains
  double own_s = 0;     // without the disk's part: what is bounded
  void worst(const Recovery& other) {
    accepts_s = std::max(accepts_s, other.accepts_s);
    stores_s = std::max(stores_s, other.stores_s);
    tells_s = std::max(tells_s, other.tells_s);
    disk_s = std::max(disk_s, other.disk_s);
    others_s = std::max(others_s, other.others_s);
    own_s = std::max(own_s, other.own_s);
  }
  [[nodiscard]] double all_s() const { return std::max({accepts_s, stores_s, tells_s}); }
};

// Waits until what is new is accepted, stored and told.
Recovery recover(const Stack& stack, Stream& stream, const Drifts& drifts, DiskProbe& disk,
                 const std::string& after) {
  Recovery took;
  const std::size_t before = stream.accepted();
  const int drift = drifts.opened() + 1;
  const TimeUs from = SystemClock().now();
  const double stood = disk.stalled_s();
  const CpuTime cpu = cpu_time();
  const auto start = Clock::now();
  const auto await = [&](const std::function<bool()>& holds, const char* what, double& seconds) {
    if (!test::wait_for(holds, kGivenUp)) fail(stack, std::string(what) + " in 5 minutes after " + after);
    seconds = since(start);
  };
  await([&] { return stream.accepted() > before; }, "nothing is accepted", took.accepts_s);
  await([&] { return stored_since(stack, from); }, "what is new is not stored", took.stores_s);
  await([&] { return drifts.told_since(drift); }, "no new drift is told", took.tells_s);
  took.disk_s = disk.stalled_s() - stood;
  took.others_s = others_seconds(cpu, cpu_time(), std::thread::hardware_concurrency());
  took.own_s = took.all_s() - took.disk_s;
  return took;
}

void check(Stack& stack, const std::set<Uuid>& accepted, Drifts& drifts) {
  const auto left = [&] { return not_stored(stack.database(), accepted).size(); };
  if (!test::wait_for([&] { return left() == 0; }, std::chrono::minutes(5)))
    fail(stack, std::to_string(left()) + " accepted traces are not stored");
  if (stack.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces") != "0")
    fail(stack, "a trace is stored twice");
  std::string summary;
  if (const std::string bad = drifts.wrong(&summary); !bad.empty()) fail(stack, summary + "\n" + bad);
  std::cout << "  " << summary << "\n";
  if (!test::wait_for(
          [&] { return stack.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t"; },
          std::chrono::minutes(3)))
    fail(stack, "the ledger does not balance\n" + stack.plumbline("ledger"));
  if (stack.value("SELECT count(*) FROM public.gone_back") != "0")
    fail(stack, "a position went back: " + stack.value("SELECT what FROM public.gone_back"));
  std::cout << "  " << to_string(stack.backend())
            << ": each stored exactly once, each drift told, the ledger balances, no position went back\n"
            << "  epochs: "
            << stack.value(
                   "SELECT string_agg(consumer || ' ' || e, ', ') FROM (SELECT "
                   "consumer, sum(epoch) e FROM plumbline.positions GROUP BY 1) s")
            << std::endl;
}

void soak(Stack& stack, double seconds, std::uint64_t kills, std::uint64_t seed, const std::string& samples,
          const std::string& only) {
  Drifts drifts(stack);
  stack.start_roles();
  watch_positions(stack);
  const Tenant acme = stack.create_tenant("acme"), globex = stack.create_tenant("globex");
  if (!test::wait_for([&] { return accepts(stack, acme) && accepts(stack, globex); }))
    fail(stack, "nothing is accepted");
  test::FaultProxy network(stack.edge_port());
  Faults faults(stack, network, seed, kLongestStopS, only);
  faults.add("slack", drifts.slack());
  drifts.begin(acme, network.port());
  Stream stream(network.port(), {acme.signer, globex.signer}, seed, 60);
  std::mt19937_64 random(seed + 1);
  DiskProbe disk(stack.folder());
  Recovery slowest;
  std::uint64_t struck = 0;
  std::string late;
  (void)recover(stack, stream, drifts, disk, "the start");
  {
    Sampler sampler(samples, to_string(stack.backend()), stack, globex, faults,
                    [&] { return stream.accepted(); });
    const auto begin = Clock::now();
    while ((seconds == 0 || since(begin) < seconds) && (kills == 0 || struck < kills)) {
      // Between two faults something must have been accepted: each fault meets an installation that works.
      const std::size_t enough = stream.accepted() + 100 + random() % 1000;
      if (!test::wait_for([&] { return stream.accepted() >= enough; }, kGivenUp))
        fail(stack, "hardly anything is accepted after fault " + std::to_string(struck));
      const std::string what = faults.strike();
      ++struck;
      const Recovery took = recover(stack, stream, drifts, disk, what);
      slowest.worst(took);
      sampler.mark(what, took.all_s());
      const std::string line = std::to_string(struck) + ": " + what + ": whole again after " +
                               std::to_string(took.all_s()) + " s, the disk stood still for " +
                               std::to_string(took.disk_s) + " s and the machine worked for others for " +
                               std::to_string(took.others_s) + " s of them\n";
      if (took.all_s() > kRecoveryS / 3) std::cout << "  " << line << std::flush;
      if (took.all_s() > kRecoveryS) keep_logs(stack, samples + ".late-" + std::to_string(struck));
      if (took.own_s > kRecoveryS) late += line;
      if (const std::string ended = faults.ended(); !ended.empty()) fail(stack, "ended by itself: " + ended);
    }
  }
  for (const auto& [status, times] : stream.by_status())
    std::cout << "  answered " << status << " " << times << " times\n";
  const std::set<Uuid> accepted = stream.end();
  drifts.end();
  for (const auto& [what, times] : faults.struck()) std::cout << "  " << what << ": " << times << "\n";
  std::cout << "  " << struck << " faults, " << accepted.size() << " traces accepted; slowest: accepts after "
            << slowest.accepts_s << " s, stores after " << slowest.stores_s << " s, tells after "
            << slowest.tells_s << " s; the disk stood still for " << disk.stalled_s() << " s in all, "
            << slowest.disk_s << " s at most in one recovery; the machine worked for others for "
            << slowest.others_s << " s at most in one; slowest without the disk's part: " << slowest.own_s
            << " s" << std::endl;
  check(stack, accepted, drifts);
  if (!late.empty()) fail(stack, "recovered later than after 30 s:\n" + late);
}

}  // namespace
}  // namespace plumbline::tests

int main(int argc, char** argv) {
  using namespace plumbline::tests;
  if (argc != 6 && argc != 7) return 2;
  try {
    const std::string samples = argv[5];
    Stack stack(std::string_view(argv[1]) == "kafka" ? Backend::kKafka : Backend::kEmbedded,
                {{"PLUMBLINE_EDGE_THREADS", "2"}}, Wires::kThroughProxies);
    try {
      soak(stack, std::strtod(argv[2], nullptr), std::strtoull(argv[3], nullptr, 10),
           std::strtoull(argv[4], nullptr, 10), samples, argc == 7 ? argv[6] : "");
    } catch (const std::exception&) {
      keep_logs(stack, samples + ".failed");
      std::cerr << "soak: every log is in " << samples << ".failed" << std::endl;
      throw;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "soak: " << error.what() << std::endl;
    return 1;
  }
}
