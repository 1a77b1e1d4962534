// Records (traces) a second of health beside plain consumption of the same topic: polled, its lines walked
// and decoded, nothing kept. In turns on one private cluster, embedded log. usage: health_bench
// TRACES_A_ROUND ROUNDS [THREADS]; prints one JSON object a round. THREADS: health.threads, one unless said;
// plain consumption has one. health_bench memory REPOS: peak memory of a process that counts a report of each
// of so many repositories.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load/acks.h"
#include "bench/load/figures.h"
#include "bench/load/trace_maker.h"
#include "consumers/health/run.h"
#include "core/clock.h"
#include "core/codec/decoder.h"
#include "core/frame.h"
#include "core/log/embedded/embedded_log.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline {
namespace {

using Steady = std::chrono::steady_clock;
using tests::require;

constexpr int kFrameTraces = 100;
constexpr std::size_t kTraceBytes = 580;
constexpr int kAgents = 8;  // each decides by 7 policies, 23 rules and 4 actions: 644 rows an hour each
constexpr std::int32_t kPartitions = 8;
constexpr std::size_t kPollBytes = std::size_t{32} << 20;

std::unique_ptr<log::Log> open(const std::string& folder) {
  config::Embedded options;
  options.dir = folder;
  auto log = require(log::open_embedded(options));
  for (const auto name : {frame::kTracesTopic, frame::kReportsTopic}) {
    log::TopicSpec spec;
    spec.name = std::string(name);
    spec.partitions = kPartitions;
    spec.record_bytes_max = 17 << 20;
    require(log->ensure_topic(spec));
  }
  return log;
}

// Appends frames as an edge writes them.
class Writer {
 public:
  explicit Writer(log::Log& log) : producer_(require(log.producer(acks_))) {}
  ~Writer() { acks_.wait(frames_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void frame(std::string_view topic, const std::string& stream, std::string_view body, TimeUs now) {
    const std::string key = tenant_ + "/" + stream, at = format_rfc3339(now), seq = std::to_string(frames_);
    const log::Header headers[] = {{frame::kCeSpecVersion, "1.0"},
                                   {frame::kTenant, tenant_},
                                   {frame::kAgent, stream},
                                   {frame::kKeyId, "key_bench"},
                                   {frame::kReceivedAt, at},
                                   {frame::kRunId, run_},
                                   {frame::kSeq, seq}};
    log::Record record;
    record.topic = topic;
    record.partition = log::partition_of(key, kPartitions);
    record.key = key;
    record.value = body;
    record.headers = headers;
    record.timestamp_ms = now.value / 1000;
    producer_->append(record, 0);
    producer_->submit();
    acks_.wait(++frames_ > 1000 ? frames_ - 1000 : 0);
  }

 private:
  std::string tenant_ = Uuid::random().to_string(), run_ = Uuid::random().to_string();
  std::uint64_t frames_ = 0;
  bench::Acks acks_;
  std::unique_ptr<log::Producer> producer_;
};

struct Plain {
  double seconds = 0, cpu = 0;
};

// Reads everything from the given offsets on.
Plain consume(log::Log& log, const std::vector<log::StartPosition>& from, std::int64_t traces, bool decode) {
  const double cpu = bench::own_cpu_seconds();
  const auto start = Steady::now();
  auto reader = require(log.reader(from));
  codec::Decoder decoder;
  for (std::int64_t lines = 0; lines < traces;) {
    for (const log::ReadRecord& record :
         require(reader->poll(kPollBytes, std::chrono::milliseconds(50), {}))) {
      std::string_view rest = record.value;
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (decode && !decoder.decode(rest.substr(0, end), codec::Endpoint::kTraces)) std::terminate();
        ++lines;
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      }
    }
  }
  return {std::chrono::duration<double>(Steady::now() - start).count(), bench::own_cpu_seconds() - cpu};
}

class Bench {
 public:
  Bench(std::int64_t traces, int threads)
      : traces_(traces),
        options_{.threads = threads},
        folder_("health-bench"),
        cluster_({{"shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min"}, ""}),
        database_(cluster_),
        postgres_(of(database_)),
        log_(open((folder_.path() / "log").string())),
        role_(options_, postgres_, *log_, clock_, metrics_) {}

  void round(int number) {
    std::vector<log::StartPosition> from;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      const log::TopicPartition at{std::string(frame::kTracesTopic), p};
      from.push_back({at, require(log_->watermarks(at)).high, ""});
    }
    make();
    Plain read, decoded;
    if (number % 2 == 0) decoded = consume(*log_, from, traces_, true);
    const double postgres = bench::cpu_seconds_of_tree(cluster_.pid()), own = bench::own_cpu_seconds();
    const double seconds = consume_by_role();
    const double own_cpu = bench::own_cpu_seconds() - own;
    const double postgres_cpu = bench::cpu_seconds_of_tree(cluster_.pid()) - postgres;
    if (number % 2 != 0) decoded = consume(*log_, from, traces_, true);
    read = consume(*log_, from, traces_, false);
    auto superuser = database_.superuser();
    total_ += traces_;
    const auto counted =
        require(superuser.query("SELECT sum(traces)::bigint FROM plumbline.health_agent_hours"));
    if (counted.integer(0, 0) != total_) throw std::runtime_error("traces were not counted once");
    const auto n = static_cast<double>(traces_);
    fmt::print(
        R"({{"round":{},"health_records_s":{:.0f},"plain_records_s":{:.0f},"read_records_s":{:.0f},"health_own_cpu_us":{:.3f},"health_postgres_cpu_us":{:.3f},"plain_cpu_us":{:.3f}}})"
        "\n",
        number, n / seconds, n / decoded.seconds, n / read.seconds, own_cpu * 1e6 / n, postgres_cpu * 1e6 / n,
        decoded.cpu * 1e6 / n);
    std::fflush(stdout);
  }

 private:
  // Until all of the round is counted.
  double consume_by_role() {
    std::atomic<std::int64_t> frames = 0;
    const auto start = Steady::now();
    const auto turns = [&](std::size_t member) {
      while (frames * kFrameTraces < traces_) {
        // A member that another one joins is told so by an error, and goes on.
        if (const auto done = role_.step(member)) frames += static_cast<std::int64_t>(*done);
      }
    };
    std::vector<std::jthread> others;
    for (int member = 1; member < options_.threads; ++member)
      others.emplace_back(turns, static_cast<std::size_t>(member));
    turns(0);
    return std::chrono::duration<double>(Steady::now() - start).count();
  }

  static config::Postgres of(const tests::TestDatabase& database) {
    config::Postgres postgres;
    postgres.url = database.conninfo();
    return postgres;
  }
  void make() {
    Writer writer(*log_);
    load::TraceMaker maker({.traces_per_request = kFrameTraces, .trace_bytes = kTraceBytes, .sessions = 10},
                           1);
    std::string body;
    std::vector<Uuid> ids;
    int agent = 0;
    for (std::int64_t trace = 0; trace < traces_; trace += kFrameTraces) {
      const TimeUs now = clock_.now();
      maker.make(now, body, ids);
      // Every agent speaks for itself: names of the same length keep the size.
      const std::string name = fmt::format("agent-{}", agent++ % kAgents);
      for (std::size_t at = 0; (at = body.find("\"agent-0\"", at)) != std::string::npos; at += name.size()) {
        body.replace(at + 1, 7, name);
      }
      writer.frame(frame::kTracesTopic, name, body, now);
    }
  }

  std::int64_t traces_;
  std::int64_t total_ = 0;
  config::Health options_;
  test::TempFolder folder_;
  tests::PostgresCluster cluster_;
  tests::TestDatabase database_;
  config::Postgres postgres_;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<log::Log> log_;
  // One member for all rounds, as a process that runs for days: a new one reads its windows back, and its
  // connection pays for the first touch of every shared buffer.
  health::HealthRole role_;
};

void write_reports(const std::string& folder, int repos) {
  const auto log = open(folder);
  Writer writer(*log);
  const TimeUs now = SystemClock().now();
  for (int repo = 0; repo < repos; ++repo) {
    const std::string name = fmt::format("organization/repository-{}", repo);
    writer.frame(
        frame::kReportsTopic, name,
        fmt::format(
            R"({{"id":"{}","kind":"report","time":"{}","agent":"rigour","repo":"{}","branch":"main",)"
            R"("commit":"{:040x}","data":{{"status":"FAIL","failures":[{{"id":"ARCH_BOUNDARY",)"
            R"("title":"t","severity":"high","provenance":"traditional"}}],"stats":{{"score":{}}}}}}})",
            Uuid::random().to_string(), format_rfc3339(now), name, repo, repo % 101),
        now);
  }
}

// In a process of its own, so that nothing else is measured.
void memory_child(const char* folder, const char* conninfo, int repos) {
  const auto log = open(folder);
  SystemClock clock;
  telemetry::Metrics metrics;
  config::Postgres postgres;
  postgres.url = conninfo;
  health::HealthRole role({}, postgres, *log, clock, metrics);
  for (int records = 0; records < repos;) records += static_cast<int>(require(role.step()));
  const bench::Memory memory = bench::memory_of(getpid());
  // Pages of the log's files are mapped and belong to the page cache: they are told apart.
  fmt::print(
      R"({{"repos":{},"health_peak_mib":{:.1f},"health_anonymous_mib":{:.1f},"health_files_mib":{:.1f}}})"
      "\n",
      repos, bench::peak_mib(getpid()), memory.anonymous_mib, memory.file_mib);
}

void memory(const char* program, int repos) {
  const test::TempFolder folder("health-bench");
  tests::PostgresCluster cluster;
  const tests::TestDatabase database(cluster);
  const std::string log = (folder.path() / "log").string(), conninfo = database.conninfo(),
                    count = std::to_string(repos);
  write_reports(log, repos);
  const pid_t child = fork();
  if (child == 0) {
    execl(program, "health_bench", "memory-child", log.c_str(), conninfo.c_str(), count.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("the measured process failed");
}

int run(int argc, char** argv) {
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "memory-child" && argc == 5) {
    memory_child(argv[2], argv[3], std::atoi(argv[4]));
  } else if (word == "memory" && argc == 3) {
    memory("/proc/self/exe", std::atoi(argv[2]));
  } else if (argc == 3 || argc == 4) {
    Bench bench(std::atoll(argv[1]), argc == 4 ? std::atoi(argv[3]) : 1);
    for (int round = 0; round < std::atoi(argv[2]); ++round) bench.round(round);
  } else {
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  try {
    return plumbline::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "health_bench: {}\n", error.what());
    return 1;
  }
}
