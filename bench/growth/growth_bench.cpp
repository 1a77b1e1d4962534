// Cost of a trace as an installation grows: active tenants, agents, connections of persist. Each case streams
// to a real edge while persist rests, then persist stores what waits; both are charged in CPU per trace.
// usage: growth_bench embedded|kafka SECONDS ROUNDS TENANTS; prints one JSON object a line.
#include <charconv>
#include <cstdlib>
#include <exception>

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/http_load.h"
#include "core/crypto/seal.h"
#include "sinks/postgres/key_material.h"
#include "sinks/postgres/keys.h"
#include "sinks/postgres/tenants.h"
#include "tests/support/stack/stack.h"

namespace plumbline {
namespace {

constexpr const char* kMasterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";  // the stack's
constexpr int kBatch = 100;

struct Case {
  const char* grows;
  int tenants, agents, threads;
};

class Growth {
 public:
  Growth(tests::Backend backend, double seconds) : stack_(backend), seconds_(seconds) {
    stack_.start_roles();
    persist_ = &stack_.persist();
    connection_ = std::make_unique<pg::Connection>(stack_.database().connect("plumbline_control"));
    tests::require(connection_->execute("SET synchronous_commit = off"));
  }

  void run(const Case& one) {
    stop_persist();
    const std::uint64_t accepted = stream(one);
    store(one, accepted);
    fmt::print(
        R"({{"grows":"{}","tenants":{},"agents":{},"threads":{},"traces":{},"edge_us":{:.3f},"persist_us":{:.3f},"postgres_us":{:.3f},"edge_mib":{:.1f}}})"
        "\n",
        one.grows, one.tenants, one.agents, one.threads, accepted, edge_us_, persist_us_, postgres_us_,
        bench::resident_mib(stack_.edge().pid()));
    std::fflush(stdout);
  }

  void add_tenants(int count) {
    if (static_cast<int>(signers_.size()) >= count) return;
    const auto sealer = tests::require(crypto::Sealer::from_text(Secret(kMasterKey)));
    postgres::TenantStore tenants(*connection_, "bench");
    postgres::KeyStore keys(*connection_, "bench");
    postgres::TenantChange limits;
    limits.retention_days = 30;
    for (auto* limit : {&limits.traces_per_s, &limits.burst, &limits.agent_traces_per_s, &limits.agent_burst})
      *limit = 1'000'000;
    while (static_cast<int>(signers_.size()) < count) {
      const auto tenant = tests::require(tenants.create("bench-" + std::to_string(signers_.size()), limits));
      const auto made = postgres::make_hmac_key(sealer, tenant.id);
      tests::require(keys.add(tenant.id, made.material));
      signers_.push_back({made.material.id.value, made.secret});
    }
    if (!persist_->running()) persist_->start();  // it publishes them
    tests::Tenant last;
    last.signer = signers_.back();
    if (!test::wait_for([&] { return tests::accepts(stack_, last); }, std::chrono::minutes(3)))
      throw std::runtime_error("the edge does not know the last key\n" + stack_.logs());
  }

 private:
  void stop_persist() {
    if (persist_->running()) persist_->terminate();
  }

  // What the case before left to PostgreSQL, checkpoints and vacuums, would be on the edge's bill.
  class Quiet {
   public:
    explicit Quiet(const tests::PostgresCluster& cluster) : cluster_(cluster) { cluster_.pause(); }
    ~Quiet() { cluster_.resume(); }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

   private:
    const tests::PostgresCluster& cluster_;
  };

  std::uint64_t stream(const Case& one) {
    const Quiet quiet(stack_.postgres());
    load::LoadOptions options;
    options.port = static_cast<std::uint16_t>(stack_.edge_port());
    options.signers.assign(signers_.begin(), signers_.begin() + one.tenants);
    options.connections = 16;
    options.shape = {.traces_per_request = kBatch,
                     .trace_bytes = 600,
                     .sessions = 10,
                     .agents = one.agents,
                     .zstd = false};
    options.duration = std::chrono::milliseconds(static_cast<std::int64_t>(seconds_ * 1000));
    options.warmup = std::chrono::milliseconds(500);
    double cpu = 0;
    std::uint64_t accepted = 0;
    const auto result = tests::require(load::run_load(
        options, {},
        [&](int status, std::span<const Uuid> ids, std::size_t, std::string_view) {
          if (status != 202) throw std::runtime_error(fmt::format("answered {}", status));
          accepted += ids.size();
        },
        [&](bool start) { cpu = bench::cpu_seconds_of_tree(stack_.edge().pid()) - (start ? 0 : cpu); }));
    edge_us_ = cpu * 1e6 / static_cast<double>(result.requests * kBatch);
    return accepted;
  }

  // Traces that this persist process has stored, from its own metrics: PostgreSQL is not asked.
  static std::uint64_t stored(int port) {
    std::string body;
    if (tests::http_get(port, "/metrics", &body) != 200) return 0;
    const std::string name = "plumbline_persist_traces_total{outcome=\"stored\"} ";
    const std::size_t at = body.find(name);
    double count = 0;
    if (at != body.npos) count = std::strtod(body.c_str() + at + name.size(), nullptr);
    return static_cast<std::uint64_t>(count);
  }

  void store(const Case& one, std::uint64_t wanted) {
    const int port = test::free_port();
    persist_ =
        &stack_.add_role("persist", {{"PLUMBLINE_PERSIST_ADMIN_LISTEN", "127.0.0.1:" + std::to_string(port)},
                                     {"PLUMBLINE_PERSIST_THREADS", std::to_string(one.threads)}});
    const pid_t postgres = stack_.postgres().pid();
    const double before = bench::cpu_seconds_of_tree(postgres);
    if (!test::wait_for([&] { return stored(port) >= wanted; }, std::chrono::minutes(5)))
      throw std::runtime_error("persist has not stored what waits\n" + stack_.logs());
    persist_us_ = bench::cpu_seconds_of_tree(persist_->pid()) * 1e6 / static_cast<double>(wanted);
    postgres_us_ = (bench::cpu_seconds_of_tree(postgres) - before) * 1e6 / static_cast<double>(wanted);
  }

  tests::Stack stack_;
  const double seconds_;
  std::unique_ptr<pg::Connection> connection_;
  std::vector<load::Signer> signers_;
  test::Process* persist_ = nullptr;
  double edge_us_ = 0, persist_us_ = 0, postgres_us_ = 0;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  using plumbline::Case;
  using plumbline::tests::Backend;
  const Backend backend = std::string_view(argv[1]) == "kafka" ? Backend::kKafka : Backend::kEmbedded;
  const int rounds = std::atoi(argv[3]), most = std::atoi(argv[4]);
  try {
    plumbline::Growth growth(backend, std::strtod(argv[2], nullptr));
    growth.add_tenants(most);
    growth.run({"nothing", 1, 20, 1});  // warms everything; not for the record
    for (int round = 0; round < rounds; ++round) {
      for (const Case& one : {Case{"agents", 1, 1, 1},
                              {"agents", 1, 10'000, 1},
                              {"connections", 1, 20, 1},
                              {"connections", 1, 20, 2},
                              {"connections", 1, 20, 4},
                              {"tenants", 1, 20, 1},
                              {"tenants", 100, 20, 1},
                              {"tenants", most, 20, 1}})
        growth.run(one);
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "growth_bench: {}\n", error.what());
    return 1;
  }
}
