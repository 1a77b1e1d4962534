// From the edge's 202 of a trace to its row in PostgreSQL, as another connection sees it, at half of the most
// that edge and persist take in together on this machine. First that maximum: as fast as answers come, until
// everything accepted is stored. usage: visible_bench embedded|kafka SECONDS ROUNDS; prints one JSON object a
// round.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/http_load.h"
#include "core/clock.h"
#include "core/pg/connection.h"
#include "core/time.h"
#include "tests/support/stack/stack.h"

namespace plumbline {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
using tests::require;

constexpr int kTracesARequest = 10;
constexpr std::size_t kTraceBytes = 600;
constexpr milliseconds kBetweenLooks{1};
constexpr std::int64_t kMadeBeforeUs = 500'000;
constexpr std::chrono::seconds kSeenWithin{30};
constexpr std::size_t kSamplesLeast = 100;  // below it there is no 99th percentile

// Looks for one trace at a time; those that are answered meanwhile are not looked for, so none waits in line.
class Observer {
 public:
  explicit Observer(const std::string& conninfo)
      : connection_(require(pg::Connection::connect({.conninfo = conninfo}))),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  void answered(const Uuid& id) {
    const std::lock_guard lock(mutex_);
    if (next_ || busy_) return;
    next_ = {id, Steady::now()};
    wake_.notify_one();
  }
  std::vector<double> end() {
    thread_.request_stop();
    thread_.join();
    if (unseen_) throw std::runtime_error("a trace that was answered 202 is not to be seen");
    return std::move(ms_);
  }

 private:
  void run(const std::stop_token& stop) {
    while (true) {
      std::unique_lock lock(mutex_);
      busy_ = false;
      if (!wake_.wait(lock, stop, [this] { return next_.has_value(); })) return;
      const auto [id, at] = *std::exchange(next_, std::nullopt);
      busy_ = true;
      lock.unlock();
      const std::string text = id.to_string();
      // Its time is that of its making: few index entries are looked at.
      const std::int64_t now_us = SystemClock().now().value;
      const std::string made = format_rfc3339({now_us - kMadeBeforeUs}), answered = format_rfc3339({now_us});
      while (
          require(connection_.query("SELECT 1 FROM plumbline.traces WHERE time BETWEEN $1::text::timestamptz "
                                    "AND $2::text::timestamptz AND id = $3::text::uuid",
                                    {made, answered, text}))
              .size() == 0) {
        if (Steady::now() - at > kSeenWithin) {
          unseen_ = true;
          return;
        }
        std::unique_lock waiting(mutex_);
        rest_.wait_for(waiting, kBetweenLooks);
      }
      ms_.push_back(std::chrono::duration<double, std::milli>(Steady::now() - at).count());
    }
  }

  pg::Connection connection_;
  std::mutex mutex_;
  std::condition_variable_any wake_, rest_;
  std::optional<std::pair<Uuid, Steady::time_point>> next_;
  bool busy_ = true;
  bool unseen_ = false;  // read after the thread's end
  std::vector<double> ms_;
  std::jthread thread_;
};

class Bench {
 public:
  explicit Bench(tests::Backend backend) : stack_(backend) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("bench");
    if (!test::wait_for([&] { return tests::accepts(stack_, tenant_); }))
      throw std::runtime_error(stack_.logs());
    options_.port = static_cast<std::uint16_t>(stack_.edge_port());
    options_.signers = {tenant_.signer};
    options_.connections = 32;
    options_.shape = {.traces_per_request = kTracesARequest, .trace_bytes = kTraceBytes, .agents = 20};
  }

  // Traces a second from the first request until the last of them is stored.
  double maximum(milliseconds length) {
    const double before = stored();
    options_.warmup = milliseconds(0);
    options_.duration = length;
    options_.requests_s = 0;
    const auto start = Steady::now();
    double accepted = 0;
    load::require_all_accepted(
        require(load::run_load(options_, {}, [&](int status, std::span<const Uuid> ids, std::size_t, auto) {
          if (status == 202) accepted += static_cast<double>(ids.size());
        })));
    if (!test::wait_for([&] { return stored() >= before + accepted; }))
      throw std::runtime_error("not everything accepted was stored\n" + stack_.logs());
    return accepted / std::chrono::duration<double>(Steady::now() - start).count();
  }

  void round(int number, milliseconds length) {
    const double most = maximum(length);
    options_.warmup = milliseconds(1000);
    options_.requests_s = most / 2 / kTracesARequest;
    Observer observer(stack_.database().conninfo());
    const auto result =
        require(load::run_load(options_, {}, [&](int status, std::span<const Uuid> ids, std::size_t, auto) {
          if (status == 202) observer.answered(ids.back());
        }));
    const double average = bench::load_average();
    const std::vector<double> ms = observer.end();
    load::require_all_accepted(result);
    if (ms.size() < kSamplesLeast) throw std::runtime_error("too few rows were looked for: more seconds");
    fmt::print(
        R"({{"round":{},"log":"{}","maximum_traces_s":{:.0f},"load_traces_s":{:.0f},"samples":{},"p50_ms":{:.1f},"p99_ms":{:.1f},"max_ms":{:.1f},"answer_p99_ms":{:.1f},"load_average":{:.1f}}})"
        "\n",
        number, tests::to_string(stack_.backend()), most,
        static_cast<double>(result.accepted) / result.seconds, ms.size(), bench::quantile(ms, 0.5),
        bench::quantile(ms, 0.99), bench::quantile(ms, 1), result.p99_ms, average);
    std::fflush(stdout);
  }

 private:
  [[nodiscard]] double stored() const {
    return std::atof(stack_.value("SELECT count(*) FROM plumbline.traces").c_str());
  }

  tests::Stack stack_;
  tests::Tenant tenant_;
  load::LoadOptions options_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  using namespace plumbline;
  const std::string_view log = argc > 1 ? argv[1] : "";
  if (argc != 4 || (log != "embedded" && log != "kafka")) return 2;
  try {
    Bench bench(log == "kafka" ? tests::Backend::kKafka : tests::Backend::kEmbedded);
    for (int round = 0; round < std::atoi(argv[3]); ++round)
      bench.round(round, std::chrono::seconds(std::atoi(argv[2])));
  } catch (const std::exception& error) {
    fmt::print(stderr, "visible_bench: {}\n", error.what());
    return 1;
  }
}
