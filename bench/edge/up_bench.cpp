// Start time and memory of `plumbline up` on the embedded log, idle and at 5,000 traces/s, PostgreSQL's own
// processes not counted. usage: up_bench ROUNDS SECONDS_OF_LOAD; prints one JSON object a round.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/http_load.h"
#include "tests/support/stack/stack.h"

namespace {
constexpr int kTracesARequest = 10;
constexpr double kLoadTracesS = 5000;
}  // namespace

int main(int argc, char** argv) {
  using namespace plumbline;
  if (argc != 3) return 2;
  try {
    tests::Stack stack(tests::Backend::kEmbedded);
    std::optional<tests::Tenant> tenant;
    for (int round = 0; round < std::atoi(argv[1]); ++round) {
      test::Process up(
          {{std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumbline", "up", "--config", stack.config_path()},
           {},
           stack.folder() / "up.log"});
      const auto start = std::chrono::steady_clock::now();
      up.start();
      while (!stack.edge_ready()) {
        if (!up.running()) throw std::runtime_error(up.output_tail());
      }
      const double ready_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (!test::wait_for([&] { return stack.value("SELECT count(*) > 0 FROM plumbline.positions") == "t"; }))
        throw std::runtime_error(up.output_tail());
      const double idle_mib = bench::resident_mib(up.pid());
      if (!tenant) tenant = stack.create_tenant("bench");
      if (!test::wait_for([&] { return tests::accepts(stack, *tenant); }))
        throw std::runtime_error(up.output_tail());
      load::LoadOptions options;
      options.port = static_cast<std::uint16_t>(stack.edge_port());
      options.signers = {tenant->signer};
      options.connections = 16;
      options.requests_s = kLoadTracesS / kTracesARequest;
      options.shape = {.traces_per_request = kTracesARequest, .trace_bytes = 600, .agents = 20};
      options.duration = std::chrono::seconds(std::atoi(argv[2]));
      const auto load = tests::require(load::run_load(options));
      load::require_all_accepted(load);
      const bench::Memory loaded = bench::memory_of(up.pid());
      fmt::print(
          R"({{"ready_s":{:.3f},"idle_mib":{:.1f},"load_traces_s":{:.0f},"loaded_mib":{:.1f},"loaded_file_mib":{:.1f},"loaded_shared_mib":{:.1f},"peak_mib":{:.1f}}})"
          "\n",
          ready_s, idle_mib, static_cast<double>(load.accepted) / load.seconds, loaded.anonymous_mib,
          loaded.file_mib, loaded.shared_mib, bench::peak_mib(up.pid()));
      std::fflush(stdout);
      up.terminate();
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "up_bench: {}\n", error.what());
    return 1;
  }
}
