// Rows a second of persist (log → PostgreSQL, with dedupe, positions, ledger and row-level security) against
// raw binary COPY of the same rows into the plain layout: jsonb payload, random-uuid primary key, one
// secondary index. Both tables logged, fsync and synchronous_commit on, one connection each, in turns on one
// private cluster. usage: persist_bench ROWS_A_ROUND ROUNDS; prints one JSON object a round.
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <endian.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "bench/load/trace_maker.h"
#include "bench/persist/process_cpu.h"
#include "consumers/persist/run.h"
#include "core/clock.h"
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
constexpr std::int64_t kPostgresEpochUs = 946684800000000;  // 2000-01-01 in Unix microseconds

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return s(usage.ru_utime) + s(usage.ru_stime);
}

struct Measure {
  double seconds = 0, postgres_cpu = 0, own_cpu = 0;
};

template <class Work>
Measure measure(const tests::PostgresCluster& cluster, Work work) {
  const double postgres = bench::cpu_seconds_of_tree(cluster.pid()), own = own_cpu_seconds();
  const auto start = Steady::now();
  work();
  return {std::chrono::duration<double>(Steady::now() - start).count(),
          bench::cpu_seconds_of_tree(cluster.pid()) - postgres, own_cpu_seconds() - own};
}

// Rows in PostgreSQL's binary COPY format (PostgreSQL 15 documentation, COPY, "Binary Format").
class CopyBuffer {
 public:
  CopyBuffer() { bytes_.assign("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19); }
  void row(const Uuid& tenant, const Uuid& id, TimeUs time, std::string_view session,
           std::string_view payload) {
    number(htobe16(5));
    field(std::string_view(reinterpret_cast<const char*>(tenant.bytes.data()), 16));
    field(std::string_view(reinterpret_cast<const char*>(id.bytes.data()), 16));
    const std::uint64_t at = htobe64(static_cast<std::uint64_t>(time.value - kPostgresEpochUs));
    field(std::string_view(reinterpret_cast<const char*>(&at), 8));
    field(session);
    number(htobe32(static_cast<std::uint32_t>(payload.size() + 1)));
    bytes_ += '\1';  // version of jsonb's binary form
    bytes_ += payload;
  }
  std::string finish() {
    number(htobe16(0xffff));
    return std::move(bytes_);
  }

 private:
  template <class T>
  void number(T big_endian) {
    bytes_.append(reinterpret_cast<const char*>(&big_endian), sizeof big_endian);
  }
  void field(std::string_view value) {
    number(htobe32(static_cast<std::uint32_t>(value.size())));
    bytes_ += value;
  }
  std::string bytes_;
};

class Acks final : public log::AckListener {
 public:
  void on_acks(std::span<const log::Ack> acks) noexcept override {
    for (const log::Ack& ack : acks) {
      if (ack.status != log::Ack::Status::kDurable) std::terminate();
    }
    done_.fetch_add(acks.size());
  }
  void wait(std::uint64_t count) const {
    if (!test::wait_for([this, count] { return done_.load() >= count; })) std::terminate();
  }

 private:
  std::atomic<std::uint64_t> done_{0};
};

class Bench {
 public:
  explicit Bench(std::int64_t rows)
      : rows_(rows),
        folder_("persist-bench"),
        cluster_({{"shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min"}, ""}),
        database_(cluster_),
        maker_({.traces_per_request = kFrameTraces, .trace_bytes = kTraceBytes, .sessions = 10}, 1),
        tenant_(Uuid::random()) {
    options_.dir = (folder_.path() / "log").string();
    log_ = require(log::open_embedded(options_));
    for (const auto name :
         {frame::kTracesTopic, frame::kReportsTopic, frame::kOutcomesTopic, frame::kDeadTopic}) {
      log::TopicSpec spec;
      spec.name = std::string(name);
      spec.partitions = 8;
      spec.record_bytes_max = 17 << 20;
      require(log_->ensure_topic(spec));
    }
    producer_ = require(log_->producer(acks_));
    auto superuser = database_.superuser();
    require(
        superuser.execute("CREATE TABLE public.plain (tenant_id uuid, id uuid PRIMARY KEY, ts timestamptz, "
                          "session text, payload jsonb);"
                          "CREATE INDEX ON public.plain (tenant_id, session, ts);"));
    postgres_.url = database_.conninfo();
  }

  void round(int number) {
    const std::string copy = make();
    auto superuser = database_.superuser();
    const auto by_copy = [&] {
      require(superuser.copy_in("COPY public.plain FROM STDIN (FORMAT binary)", copy));
    };
    const auto by_persist = [&] { persist(); };
    Measure raw, ours;
    if (number % 2 == 0) raw = measure(cluster_, by_copy);
    ours = measure(cluster_, by_persist);
    if (number % 2 != 0) raw = measure(cluster_, by_copy);
    const auto stored = require(superuser.query("SELECT count(*) FROM plumbline.traces"));
    total_ += rows_;
    if (stored.integer(0, 0) != total_)
      throw std::runtime_error(fmt::format("{} rows instead of {}", stored.integer(0, 0), total_));
    const auto n = static_cast<double>(rows_);
    fmt::print(
        R"({{"round":{},"copy_rows_s":{:.0f},"copy_cpu_us":{:.2f},"persist_rows_s":{:.0f},"persist_own_cpu_us":{:.2f},"persist_postgres_cpu_us":{:.2f}}})"
        "\n",
        number, n / raw.seconds, (raw.postgres_cpu + raw.own_cpu) * 1e6 / n, n / ours.seconds,
        ours.own_cpu * 1e6 / n, ours.postgres_cpu * 1e6 / n);
    std::fflush(stdout);
  }

 private:
  // Appends rows_ traces to the log and returns the same rows for COPY.
  std::string make() {
    CopyBuffer copy;
    const std::string tenant = tenant_.to_string(), run = run_.to_string(), key = tenant + "/agent-0";
    std::string body;
    std::vector<Uuid> ids;
    std::uint64_t appended = 0;
    const std::int32_t partition = log::partition_of(key, 8);
    for (std::int64_t row = 0; row < rows_; row += kFrameTraces) {
      const TimeUs now = clock_.now();
      maker_.make(now, body, ids);
      const std::string at = format_rfc3339(now), seq = std::to_string(seq_++);
      const log::Header headers[] = {{frame::kCeSpecVersion, "1.0"},
                                     {frame::kTenant, tenant},
                                     {frame::kAgent, "agent-0"},
                                     {frame::kKeyId, "key_bench"},
                                     {frame::kReceivedAt, at},
                                     {frame::kRunId, run},
                                     {frame::kSeq, seq}};
      log::Record record;
      record.topic = frame::kTracesTopic;
      record.partition = partition;
      record.key = key;
      record.value = body;
      record.headers = headers;
      record.timestamp_ms = now.value / 1000;
      producer_->append(record, 0);
      producer_->submit();
      acks_.wait(++total_frames_ > 100 ? total_frames_ - 100 : 0);
      ++appended;
      std::size_t start = 0;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::size_t end = body.find('\n', start);
        const std::string_view line = std::string_view(body).substr(start, end - start);
        copy.row(tenant_, ids[i], {now.value + static_cast<std::int64_t>(i)},
                 line.substr(line.find("\"session\":") + 11, 36), line);
        start = end + 1;
      }
    }
    acks_.wait(total_frames_);
    return copy.finish();
  }

  void persist() {
    config::Persist options;
    options.poll_wait = std::chrono::milliseconds(20);
    persist::PersistRole role(options, postgres_, *log_, clock_, metrics_);
    std::int64_t frames = 0;
    while (frames * kFrameTraces < rows_) {
      const auto taken = role.step();
      if (!taken) throw std::runtime_error(taken.error().message);
      frames += static_cast<std::int64_t>(*taken);
    }
  }

  std::int64_t rows_;
  std::int64_t total_ = 0;
  test::TempFolder folder_;
  tests::PostgresCluster cluster_;
  tests::TestDatabase database_;
  config::Embedded options_;
  config::Postgres postgres_;
  load::TraceMaker maker_;
  Uuid tenant_;
  Uuid run_ = Uuid::random();
  std::uint64_t seq_ = 0;
  std::uint64_t total_frames_ = 0;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  Acks acks_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Producer> producer_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    plumbline::Bench bench(std::atoll(argv[1]));
    for (int round = 0; round < std::atoi(argv[2]); ++round) bench.round(round);
  } catch (const std::exception& error) {
    fmt::print(stderr, "persist_bench: {}\n", error.what());
    return 1;
  }
}
