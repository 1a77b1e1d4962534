// plumbline-load: signs every request freshly and drives an edge in a closed loop; prints one JSON object.
// usage: plumbline_load --port P --key-id K --secret whsec_... [--connections N] [--batch N] [--bytes N]
// [--sessions N]
//                       [--seconds S] [--warmup S] [--rate R] [--zstd] [--pid PID: CPU of that process in the
//                       window] [--path P]
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/http_load.h"

int main(int argc, char** argv) {
  plumbline::load::LoadOptions options;
  std::string key_id, secret;
  double seconds = 10, warmup = 1;
  pid_t pid = 0;
  CLI::App app("drives an edge with freshly signed requests");
  app.add_option("--port", options.port)->required();
  app.add_option("--path", options.path);
  app.add_option("--key-id", key_id)->required();
  app.add_option("--secret", secret)->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 20000));
  app.add_option("--batch", options.shape.traces_per_request)->check(CLI::Range(1, 10000));
  app.add_option("--bytes", options.shape.trace_bytes)->check(CLI::Range(400, 1 << 20));
  app.add_option("--sessions", options.shape.sessions)->check(CLI::Range(1, 1000));
  app.add_option("--seconds", seconds)->check(CLI::Range(0.1, 3600.0));
  app.add_option("--warmup", warmup)->check(CLI::Range(0.0, 60.0));
  app.add_option("--rate", options.requests_s, "requests a second; 0: closed loop");
  app.add_option("--pid", pid, "report CPU and memory of this process");
  app.add_option("--seed", options.seed);
  app.add_flag("--zstd", options.shape.zstd);
  CLI11_PARSE(app, argc, argv);
  options.duration = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  options.warmup = std::chrono::milliseconds(static_cast<std::int64_t>(warmup * 1000));
  options.signers.push_back({key_id, plumbline::Secret(secret)});

  double cpu = 0;
  const auto window = [&](bool start) {
    if (pid != 0) cpu = plumbline::bench::cpu_seconds_of_tree(pid) - (start ? 0 : cpu);
  };
  const auto result = plumbline::load::run_load(options, {}, {}, window);
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message);
    return 1;
  }
  std::string statuses;
  for (const auto& [status, count] : result->by_status) {
    statuses += fmt::format("{}\"{}\":{}", statuses.empty() ? "" : ",", status, count);
  }
  const auto traces = static_cast<double>(result->requests) * options.shape.traces_per_request;
  fmt::print(
      R"({{"requests_s":{:.0f},"traces_s":{:.0f},"accepted":{},"p50_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.3f},"statuses":{{{}}},"broken":{})",
      static_cast<double>(result->requests) / result->seconds, traces / result->seconds, result->accepted,
      result->p50_ms, result->p99_ms, result->max_ms, statuses, result->broken);
  if (pid != 0) {
    fmt::print(R"(,"cpu_us_per_trace":{:.3f},"peak_mib":{:.1f},"resident_mib":{:.1f})", cpu * 1e6 / traces,
               plumbline::bench::peak_mib(pid), plumbline::bench::resident_mib(pid));
  }
  fmt::print("}}\n");
  return 0;
}
