// Start time and idle memory of `plumbline up` on the embedded log, PostgreSQL's own processes not counted.
// usage: up_bench ROUNDS; prints one JSON object a round.
#include <chrono>
#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "bench/persist/process_cpu.h"
#include "tests/support/stack/stack.h"

int main(int argc, char** argv) {
  using namespace plumbline;
  if (argc != 2) return 2;
  try {
    tests::Stack stack(tests::Backend::kEmbedded);
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
      fmt::print(R"({{"ready_s":{:.3f},"idle_mib":{:.1f},"peak_mib":{:.1f}}})"
                 "\n",
                 ready_s, bench::resident_mib(up.pid()), bench::peak_mib(up.pid()));
      std::fflush(stdout);
      up.terminate();
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "up_bench: {}\n", error.what());
    return 1;
  }
}
