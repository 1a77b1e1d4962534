// Reports a second of drift, and CPU a report, beside plain consumption of the same topic: polled, its lines
// walked and decoded, nothing kept. Embedded log, a private cluster; what is found is published, too. usage:
// drift_bench REPORTS_A_ROUND ROUNDS [threads=N] [every=N]; prints one JSON object a round. threads:
// drift.threads, one unless said; every: one report in so many opens or resolves a drift, 20 unless said.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/load/acks.h"
#include "bench/load/figures.h"
#include "consumers/drift/run.h"
#include "core/clock.h"
#include "core/codec/decoder.h"
#include "core/codec/report_summary.h"
#include "core/frame.h"
#include "core/log/embedded/embedded_log.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline {
namespace {

using Steady = std::chrono::steady_clock;
using tests::require;

constexpr std::int32_t kPartitions = 8;
constexpr std::int64_t kRepos = 1000;
constexpr std::size_t kPollBytes = std::size_t{32} << 20;
constexpr int kFailuresMax = 100;
constexpr int kFindings = 6;  // of a report, about 1.8 KB

struct Plain {
  double seconds = 0, cpu = 0;
};

class Bench {
 public:
  Bench(std::int64_t reports, int threads, std::int64_t every)
      : reports_(reports),
        threads_(threads),
        every_(every),
        folder_("drift-bench"),
        cluster_({{"shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min"}, ""}),
        database_(cluster_) {
    config::Embedded options;
    options.dir = (folder_.path() / "log").string();
    log_ = require(log::open_embedded(options));
    for (const auto name :
         {frame::kReportsTopic, frame::kDriftTopic, frame::kDeadTopic, frame::kTracesTopic}) {
      log::TopicSpec spec;
      spec.name = std::string(name);
      spec.partitions = kPartitions;
      spec.record_bytes_max = 17 << 20;
      require(log_->ensure_topic(spec));
    }
    postgres_.url = database_.conninfo();
    start_ = clock_.now();
    config::Drift drift;
    drift.threads = threads;
    role_ = std::make_unique<drift::DriftRole>(drift, postgres_, *log_, clock_, metrics_);
  }

  void round(int number) {
    std::vector<log::StartPosition> from;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      const log::TopicPartition at{std::string(frame::kReportsTopic), p};
      from.push_back({at, require(log_->watermarks(at)).high, ""});
    }
    make();
    Plain plain;
    if (number % 2 == 0) plain = consume(from);
    const double postgres = bench::cpu_seconds_of_tree(cluster_.pid()), own = bench::own_cpu_seconds();
    const double seconds = consume_by_role();
    const double own_cpu = bench::own_cpu_seconds() - own;
    const double postgres_cpu = bench::cpu_seconds_of_tree(cluster_.pid()) - postgres;
    if (number % 2 != 0) plain = consume(from);
    total_ += reports_;
    auto superuser = database_.superuser();
    const auto found = require(superuser.query(
        "SELECT (SELECT sum(reports) FROM plumbline.drift_reports), (SELECT count(*) FROM "
        "plumbline.drifts), (SELECT count(*) FROM plumbline.drift_events WHERE published_at IS "
        "NULL)"));
    if (found.integer(0, 0) != total_) throw std::runtime_error("reports were not taken once");
    if (found.integer(0, 2) != 0) throw std::runtime_error("events were not published");
    const auto n = static_cast<double>(reports_);
    fmt::print(
        R"({{"round":{},"drift_records_s":{:.0f},"plain_records_s":{:.0f},"drift_own_cpu_us":{:.2f},"drift_postgres_cpu_us":{:.2f},"plain_cpu_us":{:.2f},"drifts":{}}})"
        "\n",
        number, n / seconds, n / plain.seconds, own_cpu * 1e6 / n, postgres_cpu * 1e6 / n,
        plain.cpu * 1e6 / n, found.integer(0, 1));
    std::fflush(stdout);
  }

 private:
  // Until all of the round is taken and what was found is published.
  double consume_by_role() {
    std::atomic<std::int64_t> records = 0;
    const auto start = Steady::now();
    const auto turns = [&](std::size_t member) {
      int failures = 0;
      while (records < reports_) {
        // A member that another one joins is told so by an error, and goes on.
        const auto done = role_->consume(member);
        if (done && *done > 0) {
          records += static_cast<std::int64_t>(*done);
          records.notify_all();
        }
        failures = done ? 0 : failures + 1;
        if (failures > kFailuresMax) {
          fmt::print(stderr, "drift_bench: {}\n", done.error().message);
          std::terminate();
        }
      }
    };
    {
      std::vector<std::jthread> members;
      for (int member = 0; member < threads_; ++member)
        members.emplace_back(turns, static_cast<std::size_t>(member));
      for (std::int64_t seen = 0; records < reports_;) {
        records.wait(seen);
        seen = records;
        require(role_->publish(false));
      }
    }
    require(role_->publish());
    return std::chrono::duration<double>(Steady::now() - start).count();
  }

  // Every repository reports in turn, a second after its last: again and again it passes, then fails once.
  void make() {
    bench::Acks acks;
    auto producer = require(log_->producer(acks));
    const std::string received = format_rfc3339(clock_.now());
    codec::Decoder decoder;
    for (std::int64_t n = 0; n < reports_; ++n, ++made_) {
      const std::int64_t repo = made_ % kRepos, step = made_ / kRepos;
      const bool failed = (repo * 7 + step) % (2 * every_) == 2 * every_ - 1;
      const std::string name = fmt::format("organization/repository-{}", repo);
      std::string body = fmt::format(
          R"({{"id":"{}","kind":"report","time":"{}","agent":"ci","repo":"{}","branch":"main","commit":"{:040x}",)"
          R"("data":{{"status":"{}","failures":[)",
          Uuid::random().to_string(), format_rfc3339({start_.value - 20'000'000'000 + step * 1'000'000}),
          name, made_, failed ? "FAIL" : "PASS");
      for (int i = 0; i < kFindings; ++i) {
        body += fmt::format(
            R"({}{{"id":"{}","title":"File Size Limit","details":"The following files exceed the maximum limit of )"
            R"(300 lines and should be split into smaller, more modular components to improve maintainability",)"
            R"("severity":"low","provenance":"traditional","files":["src/internal/operators/file{}.ts"]}})",
            i == 0 ? "" : ",", failed && i == 0 ? "ARCH_BOUNDARY" : "file-size", i);
      }
      body += R"(],"stats":{"score":90}}})";
      const std::string key = tenant_ + "/" + name, seq = std::to_string(made_);
      std::string summary;  // as the edge does
      if (!codec::append_report_summary(*require(decoder.decode(body, codec::Endpoint::kReports)), summary))
        throw std::runtime_error("a report has no summary");
      const log::Header headers[] = {{frame::kCeSpecVersion, "1.0"},
                                     {frame::kTenant, tenant_},
                                     {frame::kAgent, "ci"},
                                     {frame::kKeyId, "key_bench"},
                                     {frame::kReceivedAt, received},
                                     {frame::kRunId, run_},
                                     {frame::kSeq, seq},
                                     {frame::kSummary, summary}};
      log::Record record;
      record.topic = frame::kReportsTopic;
      record.partition = log::partition_of(key, kPartitions);
      record.key = key;
      record.value = body;
      record.headers = headers;
      record.timestamp_ms = clock_.now().value / 1000;
      producer->append(record, 0);
      producer->submit();
      acks.wait(n > 1000 ? static_cast<std::uint64_t>(n) - 1000 : 0);
    }
    acks.wait(static_cast<std::uint64_t>(reports_));
  }

  Plain consume(const std::vector<log::StartPosition>& from) {
    const double cpu = bench::own_cpu_seconds();
    const auto start = Steady::now();
    auto reader = require(log_->reader(from));
    codec::Decoder decoder;
    for (std::int64_t lines = 0; lines < reports_;) {
      for (const log::ReadRecord& record :
           require(reader->poll(kPollBytes, std::chrono::milliseconds(50), {}))) {
        if (!decoder.decode(record.value, codec::Endpoint::kReports)) std::terminate();
        ++lines;
      }
    }
    return {std::chrono::duration<double>(Steady::now() - start).count(), bench::own_cpu_seconds() - cpu};
  }

  std::int64_t reports_;
  int threads_;
  std::int64_t every_;
  std::int64_t made_ = 0, total_ = 0;
  std::string tenant_ = Uuid::random().to_string(), run_ = Uuid::random().to_string();
  test::TempFolder folder_;
  tests::PostgresCluster cluster_;
  tests::TestDatabase database_;
  config::Postgres postgres_;
  SystemClock clock_;
  TimeUs start_;
  telemetry::Metrics metrics_;
  std::unique_ptr<log::Log> log_;
  // One member for all rounds, as a process that runs for days: a new one asks for every branch's history.
  std::unique_ptr<drift::DriftRole> role_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  int threads = 1;
  long long every = 20;
  for (int i = 3; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.starts_with("threads=")) {
      threads = std::atoi(argv[i] + 8);
    } else if (word.starts_with("every=")) {
      every = std::atoll(argv[i] + 6);
    } else {
      fmt::print(stderr, "drift_bench: {} is none of threads=, every=\n", word);
      return 2;
    }
  }
  if (threads < 1 || every < 1) {
    fmt::print(stderr, "drift_bench: threads= and every= are 1 or more\n");
    return 2;
  }
  try {
    plumbline::Bench bench(std::atoll(argv[1]), threads, every);
    for (int round = 0; round < std::atoi(argv[2]); ++round) bench.round(round);
  } catch (const std::exception& error) {
    fmt::print(stderr, "drift_bench: {}\n", error.what());
    return 1;
  }
}
