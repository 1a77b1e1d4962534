// CPU per span and resident memory of `plumb agent` beside an OpenTelemetry Collector with a persistent queue
// (bench/peers/collector): both take the same OTLP exports over loopback, keep them on disk before they
// answer, and send them gzipped to the same sink, which answers 202. The agent redacts and signs besides.
// usage: agent_bench COLLECTOR REQUESTS ROUNDS; prints one JSON object a line. COLLECTOR may be "none".
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "bench/agent/span_maker.h"
#include "bench/load/figures.h"
#include "core/clock.h"
#include "core/codec/json_value.h"
#include "core/http/server.h"
#include "tests/support/process/process.h"
#include "tests/support/raw_http.h"

namespace plumbline::bench {
namespace {

constexpr int kSpansPerRequest = 512;  // what the SDKs' batch processor exports at most by default
constexpr int kConnections = 4;
constexpr int kWarmup = 40;  // requests
constexpr auto kIdle = std::chrono::seconds(3);

// Answers 202 to everything and counts.
class Sink {
 public:
  Sink()
      : server_(
            http::ServerOptions{}, [this](http::Worker&) { return std::make_unique<Take>(*this); }, budget_) {
    if (!server_.start()) throw std::runtime_error("the sink can't listen");
  }
  ~Sink() { server_.stop(); }
  [[nodiscard]] int port() const { return server_.port(); }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  class Take final : public http::Handler {
   public:
    explicit Take(Sink& sink) : sink_(sink) {}
    bool on_head(const http::RequestHead&, http::Responder&) override { return true; }
    void on_request(http::Request& request, http::Responder responder) override {
      sink_.bytes_ += request.body.view().size();
      ++sink_.requests_;
      responder.send({.status = 202, .content_type = "application/json", .body = "{}"});
    }
    void on_refusal(const http::Refusal& refusal, http::Responder responder) override {
      responder.send({.status = refusal.status});
    }

   private:
    Sink& sink_;
  };
  std::atomic<std::uint64_t> requests_{0}, bytes_{0};
  http::Budget budget_{std::int64_t{256} << 20};
  http::Server server_;
};

// Sends `requests` exports over kConnections connections, each waiting for its answer.
void send_spans(int port, int requests, std::uint64_t seed) {
  std::atomic<int> left{requests};
  std::atomic<bool> failed{false};
  std::vector<std::jthread> threads;
  for (int c = 0; c < kConnections; ++c) {
    threads.emplace_back([&, c] {
      try {
        test::RawHttp http(port);
        SpanMaker maker(seed * kConnections + static_cast<std::uint64_t>(c));
        std::string body;
        while (left.fetch_sub(1) > 0) {
          maker.make(SystemClock().now(), kSpansPerRequest, body);
          const std::string head = fmt::format(
              "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: "
              "application/x-protobuf\r\nContent-Length: {}\r\n\r\n",
              port, body.size());
          if (!http.send(head + body) || http.receive().status != 200) throw std::runtime_error("no 200");
        }
      } catch (const std::exception&) {
        failed = true;
      }
    });
  }
  threads.clear();
  if (failed) throw std::runtime_error("an export was not answered 200");
}

struct Peer {
  std::string name;
  std::vector<std::string> command;
  // True when everything of so many requests, since the process started, has reached the sink.
  std::function<bool(int requests)> drained;
};

// So much time, and nothing else.
void pass(std::chrono::milliseconds time) {
  (void)test::wait_for([] { return false; }, time);
}

void measure(const Peer& peer, int port, int requests, const std::filesystem::path& folder, const Sink& sink,
             std::uint64_t seed) {
  test::Process process({peer.command, {{"HOME", folder.string()}}, folder / (peer.name + ".log")});
  process.start();
  const auto listens = [&] {
    try {
      const test::RawHttp http(port);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!test::wait_for(listens)) throw std::runtime_error(peer.name + ": " + process.output_tail());
  pass(kIdle);
  const double idle_mib = resident_mib(process.pid());
  const double idle_cpu = cpu_seconds_of_tree(process.pid());
  pass(kIdle);
  const double idle_cpu_ms_s =
      (cpu_seconds_of_tree(process.pid()) - idle_cpu) * 1e3 / std::chrono::duration<double>(kIdle).count();
  const auto drain = [&](int sent) {
    if (!test::wait_for([&] { return peer.drained(sent); }, std::chrono::seconds(120)))
      throw std::runtime_error(peer.name + " has not sent everything: " + process.output_tail());
  };
  send_spans(port, kWarmup, seed);
  drain(kWarmup);
  const double cpu = cpu_seconds_of_tree(process.pid());
  const std::uint64_t bytes = sink.bytes();
  const auto start = std::chrono::steady_clock::now();
  send_spans(port, requests, seed + 1);
  const double taken_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  drain(kWarmup + requests);
  const double spans = static_cast<double>(requests) * kSpansPerRequest;
  fmt::print(
      R"({{"peer":"{}","cpu_us_per_span":{:.3f},"spans_s":{:.0f},"idle_mib":{:.1f},"idle_cpu_ms_s":{:.2f},"after_mib":{:.1f},"peak_mib":{:.1f},"sent_bytes_per_span":{:.0f}}})"
      "\n",
      peer.name, (cpu_seconds_of_tree(process.pid()) - cpu) * 1e6 / spans, spans / taken_s, idle_mib,
      idle_cpu_ms_s, resident_mib(process.pid()), peak_mib(process.pid()),
      static_cast<double>(sink.bytes() - bytes) / spans);
  std::fflush(stdout);
  process.terminate();
}

void measure_agent(int requests, const Sink& sink, std::uint64_t seed) {
  const test::TempFolder folder("agent-bench");
  const int port = test::free_port();
  std::ofstream(folder.path() / "agent.toml")
      << "state_folder = \"state\"\n[edge]\nendpoint = \"http://127.0.0.1:" << sink.port()
      << "\"\nkey_id = \"key_bench\"\nsecret_file = \"secret\"\n[listen]\nhttp = \"127.0.0.1:" << port
      << "\"\n";
  std::ofstream(folder.path() / "secret") << "whsec_YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2g=";
  std::filesystem::permissions(folder.path() / "secret", std::filesystem::perms::owner_read);
  const auto drained = [&](int sent) {
    std::ifstream file(folder.path() / "state" / "status.json");
    const auto status = codec::JsonValue::parse(std::string{std::istreambuf_iterator<char>(file), {}});
    return status &&
           (*status)["send"]["sent"].number().value_or(0) == static_cast<double>(sent) * kSpansPerRequest;
  };
  measure({"agent",
           {std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumb", "agent", "run", "--config",
            (folder.path() / "agent.toml").string()},
           drained},
          port, requests, folder.path(), sink, seed);
}

// fsync: the queue is on disk before the answer, as the agent promises; the Collector's default is without.
void measure_collector(const std::string& binary, bool fsync, int requests, const Sink& sink,
                       std::uint64_t seed) {
  const test::TempFolder folder("collector-bench");
  std::filesystem::create_directories(folder.path() / "queue");
  const int port = test::free_port();
  std::ofstream(folder.path() / "collector.yaml")
      << "receivers:\n  otlp:\n    protocols:\n      http:\n        endpoint: 127.0.0.1:" << port
      << "\nextensions:\n  file_storage:\n    directory: " << (folder.path() / "queue").string()
      << "\n    fsync: " << (fsync ? "true" : "false")
      << "\nexporters:\n  otlp_http:\n    endpoint: http://127.0.0.1:" << sink.port()
      << "\n    sending_queue:\n      storage: file_storage\n      queue_size: 100000\n"
         "service:\n  extensions: [file_storage]\n  telemetry:\n    metrics:\n      level: none\n    logs:\n"
         "      level: error\n  pipelines:\n    traces:\n      receivers: [otlp]\n      exporters: "
         "[otlp_http]\n";
  const std::uint64_t before = sink.requests();
  measure({fsync ? "collector" : "collector_without_fsync",
           {binary, "--config", "file:" + (folder.path() / "collector.yaml").string()},
           [&](int sent) { return sink.requests() - before >= static_cast<std::uint64_t>(sent); }},
          port, requests, folder.path(), sink, seed);
}

}  // namespace
}  // namespace plumbline::bench

int main(int argc, char** argv) {
  using namespace plumbline::bench;
  if (argc != 4) return 2;
  const std::string collector = argv[1];
  const int requests = std::atoi(argv[2]);
  try {
    const Sink sink;
    for (int round = 0; round < std::atoi(argv[3]); ++round) {
      const auto seed = static_cast<std::uint64_t>(round) * 10 + 1;
      measure_agent(requests, sink, seed);
      if (collector == "none") continue;
      measure_collector(collector, true, requests, sink, seed);
      measure_collector(collector, false, requests, sink, seed);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "agent_bench: {}\n", error.what());
    return 1;
  }
}
