// CPU per signed trace of the edge, on either log, against a bare Beast server and nginx reading the same
// body in the same run. usage: edge_bench embedded|kafka SECONDS ROUNDS [CASE]; prints one JSON object a
// line. edge_bench embedded SECONDS 1 sustained: batches without a pause, and the edge's memory ten times on
// the way.
#include <cstdlib>
#include <exception>
#include <fstream>

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/http_load.h"
#include "tests/support/stack/stack.h"

namespace plumbline {
namespace {

struct Case {
  const char* name;
  int connections;
  load::Shape shape;
};

const Case kCases[] = {
    {"single",
     64,
     {.traces_per_request = 1, .trace_bytes = 1024, .sessions = 10, .agents = 20, .zstd = false}},
    {"batch",
     16,
     {.traces_per_request = 100, .trace_bytes = 600, .sessions = 10, .agents = 20, .zstd = false}},
    {"batch_zstd",
     16,
     {.traces_per_request = 100, .trace_bytes = 600, .sessions = 10, .agents = 20, .zstd = true}},
};

void run(const std::string& server, const Case& which, int port, const load::Signer& signer, pid_t pid,
         double seconds, int expected) {
  load::LoadOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.signers = {signer};
  options.connections = which.connections;
  options.shape = which.shape;
  options.duration = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  double cpu = 0;
  const auto result = tests::require(load::run_load(
      options, {}, {}, [&](bool start) { cpu = bench::cpu_seconds_of_tree(pid) - (start ? 0 : cpu); }));
  const auto good = result.by_status.find(expected);
  if (good == result.by_status.end() || good->second != result.requests) {
    std::string seen;
    for (const auto& [status, count] : result.by_status) seen += fmt::format(" {}: {}", status, count);
    throw std::runtime_error(
        fmt::format("{} {}: answers other than {}:{}", server, which.name, expected, seen));
  }
  const double traces = static_cast<double>(result.requests) * which.shape.traces_per_request;
  fmt::print(
      R"({{"server":"{}","case":"{}","requests_s":{:.0f},"traces_s":{:.0f},"cpu_us_per_trace":{:.3f},"cpu_us_per_request":{:.3f},"p50_ms":{:.3f},"p99_ms":{:.3f},"peak_mib":{:.1f}}})"
      "\n",
      server, which.name, static_cast<double>(result.requests) / result.seconds, traces / result.seconds,
      cpu * 1e6 / traces, cpu * 1e6 / static_cast<double>(result.requests), result.p50_ms, result.p99_ms,
      bench::peak_mib(pid));
  std::fflush(stdout);
}

// Asked to end, on every way out: killed, nginx leaves its workers behind.
struct Ended {
  void operator()(test::Process* process) const {
    process->terminate();
    delete process;
  }
};
using Nginx = std::unique_ptr<test::Process, Ended>;

Nginx start_nginx(const std::filesystem::path& folder, int port) {
  std::ofstream conf(folder / "nginx.conf");
  // A location that ends in an upstream-less 202 discards the body only after it has read it.
  conf << "daemon off;\nworker_processes 2;\npid " << (folder / "nginx.pid").string()
       << ";\nerror_log stderr error;\n"
       << "events { worker_connections 1024; }\nhttp {\n  access_log off;\n  client_max_body_size 16m;\n  "
          "keepalive_requests 1000000000;\n"
       << "  client_body_temp_path " << (folder / "nginx-body").string()
       << ";\n  server { listen 127.0.0.1:" << port
       << " reuseport; location / { return 202 '{\"accepted\":1}'; } }\n}\n";
  conf.close();
  Nginx nginx(new test::Process(
      test::ProcessOptions{{"nginx", "-c", (folder / "nginx.conf").string(), "-p", folder.string()},
                           {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                           folder / "nginx.log"}));
  nginx->start();
  return nginx;
}

// The log keeps little, so that memory is the edge's alone and the disk lasts.
int sustained_main(double seconds) {
  constexpr int kParts = 10;
  tests::Stack stack(tests::Backend::kEmbedded);
  // For all roles: each that starts sets the topics to what it is configured for. Ten minutes would fill a
  // disk.
  std::ofstream(stack.config_path(), std::ios::app) << "[topics]\nretention_bytes = \"64MiB\"\n";
  stack.start_roles();
  const tests::Tenant tenant = stack.create_tenant("bench");
  if (!test::wait_for([&] { return tests::accepts(stack, tenant); }))
    throw std::runtime_error("the edge does not know the key\n" + stack.logs());
  stack.persist().terminate();
  load::LoadOptions options;
  options.port = static_cast<std::uint16_t>(stack.edge_port());
  options.signers = {tenant.signer};
  options.connections = kCases[1].connections;
  options.shape = kCases[1].shape;
  options.warmup = std::chrono::milliseconds(0);
  options.duration = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000 / kParts));
  for (int part = 1; part <= kParts; ++part) {
    options.seed = static_cast<std::uint64_t>(part);
    const double before = bench::cpu_seconds_of_tree(stack.edge().pid());
    const auto result = tests::require(load::run_load(options));
    load::require_all_accepted(result);
    const bench::Memory memory = bench::memory_of(stack.edge().pid());
    const double cpu = bench::cpu_seconds_of_tree(stack.edge().pid()) - before;
    fmt::print(
        R"({{"part":{},"traces_s":{:.0f},"cpu_us_per_trace":{:.3f},"p99_ms":{:.1f},"own_mib":{:.1f},"file_mib":{:.1f}}})"
        "\n",
        part, static_cast<double>(result.accepted) / result.seconds,
        cpu * 1e6 / static_cast<double>(result.accepted), result.p99_ms, memory.anonymous_mib,
        memory.file_mib);
    std::fflush(stdout);
  }
  return 0;
}

int bench_main(tests::Backend backend, double seconds, int rounds, std::string_view only) {
  tests::Stack stack(backend);
  stack.start_roles();
  const tests::Tenant tenant = stack.create_tenant("bench");
  const int beast_port = test::free_port(), nginx_port = test::free_port();
  test::Process beast(
      {{std::string(PLUMBLINE_BINARY_DIR) + "/bin/bench/beast_server", std::to_string(beast_port), "2"},
       {},
       stack.folder() / "beast.log"});
  beast.start();
  const auto nginx = start_nginx(stack.folder(), nginx_port);
  const auto up = [](int port) { return tests::http_get(port, "/") != 0; };
  if (!test::wait_for([&] { return up(beast_port) && up(nginx_port); }))
    throw std::runtime_error("a yardstick does not answer");
  // The key has reached the edge; then persist rests, so that the edge has the machine for itself.
  if (!test::wait_for([&] { return tests::accepts(stack, tenant); }))
    throw std::runtime_error("the edge does not know the key\n" + stack.logs());
  stack.persist().terminate();
  for (int round = 0; round < rounds; ++round) {
    for (const Case& which : kCases) {
      if (!only.empty() && only != which.name) continue;
      if (!which.shape.zstd) {
        run("beast", which, beast_port, tenant.signer, beast.pid(), seconds, 202);
        run("nginx", which, nginx_port, tenant.signer, nginx->pid(), seconds, 202);
      }
      run("edge_" + tests::to_string(backend), which, stack.edge_port(), tenant.signer, stack.edge().pid(),
          seconds, 202);
    }
  }
  return 0;
}

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  const auto backend = std::string_view(argv[1]) == "kafka" ? plumbline::tests::Backend::kKafka
                                                            : plumbline::tests::Backend::kEmbedded;
  try {
    if (argc == 5 && std::string_view(argv[4]) == "sustained")
      return plumbline::sustained_main(std::atof(argv[2]));
    return plumbline::bench_main(backend, std::atof(argv[2]), std::atoi(argv[3]), argc == 5 ? argv[4] : "");
  } catch (const std::exception& error) {
    fmt::print(stderr, "edge_bench: {}\n", error.what());
    return 1;
  }
}
