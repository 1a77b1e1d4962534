// Rows a second of persist (log → PostgreSQL, with dedupe, positions, ledger and row-level security) against
// raw binary COPY of the same rows into the plain layout: jsonb payload, random-uuid primary key, one
// secondary index. Both tables logged, fsync and synchronous_commit on, in turns on one private cluster.
// usage: persist_bench ROWS_A_ROUND ROUNDS [threads=N] [existing=ROWS] [chain=0|1] [copy=0|1] [reasons=N];
// prints one JSON object a round. The first is a warm-up ("warm_up": true): connections of both sides touch
// every shared buffer for the first time in it, which a process that runs for days does once. threads:
// connections of persist (COPY has one); existing: rows in both tables before the first round; chain: every
// decision is an entry of its agent's hash chain, as real ones are; copy=0: persist alone, for more rows than
// a disk holds twice; reasons: how often the rows that are there say "a reason why" (39: as large as those to
// come; fewer: the same entries in every index, a smaller table).
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <thread>
#include <vector>

#include <endian.h>
#include <fmt/format.h>

#include "bench/load/acks.h"
#include "bench/load/figures.h"
#include "bench/load/trace_maker.h"
#include "consumers/persist/run.h"
#include "core/clock.h"
#include "core/crypto/sha256.h"
#include "core/frame.h"
#include "core/log/embedded/embedded_log.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline {
namespace {

using Steady = std::chrono::steady_clock;
using tests::require;

constexpr int kFrameTraces = 100;
constexpr int kPartitions = 8;
constexpr std::size_t kTraceBytes = 580;
constexpr std::size_t kLinkBytes = 154;  // of a line, for "hash" and "prev_hash"

struct Plan {
  std::int64_t rows = 0;
  int rounds = 0;
  int threads = 1;
  std::int64_t existing = 0;
  bool chain = true;
  bool copy = true;
  int reasons = 39;
};
constexpr std::int64_t kPostgresEpochUs = 946684800000000;  // 2000-01-01 in Unix microseconds

struct Measure {
  double seconds = 0, postgres_cpu = 0, own_cpu = 0;
};

template <class Work>
Measure measure(const tests::PostgresCluster& cluster, Work work) {
  const double postgres = bench::cpu_seconds_of_tree(cluster.pid()), own = bench::own_cpu_seconds();
  const auto start = Steady::now();
  work();
  return {std::chrono::duration<double>(Steady::now() - start).count(),
          bench::cpu_seconds_of_tree(cluster.pid()) - postgres, bench::own_cpu_seconds() - own};
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

// $1 rows of tenant $2, every $4th from the $3th on; their sizes by $5.
constexpr const char* kFill =
    "INSERT INTO plumbline.traces (time, tenant_id, id, digest, received_at, log_offset, log_partition, "
    "log_index, topic, risk_score, kind, agent, session, action_type, confidence, prompt_type, "
    "autonomy_mode, risk_category, policy_hash, matched_rule_id, payload) "
    "SELECT now() - interval '30 min' + n * (interval '29 min' / $1::int8), $2::uuid, gen_random_uuid(), "
    "gen_random_uuid(), now(), n / 100, 100, n % 100, 1, n % 101, 'decision', 'agent-' || n % 8, "
    "md5((n / 1000)::text)::uuid::text, 'auto_reply', 'high', 'yes_no', 'full', 'medium', "
    "lpad(to_hex(n % 7), 16, '0'), 'rule-' || n % 23, "
    "'{\"id\":\"' || gen_random_uuid() || '\",\"data\":{\"explanation\":\"' || repeat('a reason why ', "
    "$5::int) || '\"}}' FROM generate_series($3::int8, $1::int8, $4::int8) n";

class Bench {
 public:
  explicit Bench(const Plan& plan)
      : plan_(plan),
        rows_(plan.rows),
        folder_("persist-bench"),
        // What one side leaves undone would be charged to the other: no autovacuum, no background writer. WAL
        // segments are used again, as in a server that has run for days.
        cluster_({{"shared_buffers=1GB", "max_wal_size=8GB", "min_wal_size=8GB", "checkpoint_timeout=30min",
                   "autovacuum=off", "bgwriter_lru_maxpages=0"},
                  ""}),
        database_(cluster_),
        copier_(database_.superuser()),
        maker_({.traces_per_request = kFrameTraces,
                .trace_bytes = plan.chain ? kTraceBytes - kLinkBytes : kTraceBytes,
                .sessions = 10},
               1),
        tenant_(Uuid::random()) {
    options_.dir = (folder_.path() / "log").string();
    log_ = require(log::open_embedded(options_));
    for (const auto name :
         {frame::kTracesTopic, frame::kReportsTopic, frame::kOutcomesTopic, frame::kDeadTopic}) {
      log::TopicSpec spec;
      spec.name = std::string(name);
      spec.partitions = kPartitions;
      spec.record_bytes_max = 17 << 20;
      require(log_->ensure_topic(spec));
    }
    producer_ = require(log_->producer(acks_));
    // One agent for each partition, so that the threads' shares are equal.
    for (int agent = 0; agents_.size() < kPartitions; ++agent) {
      const std::string name = "agent-" + std::to_string(agent);
      agents_.try_emplace(log::partition_of(tenant_.to_string() + "/" + name, kPartitions), Agent{name, {}});
    }
    auto superuser = database_.superuser();
    require(
        superuser.execute("CREATE TABLE public.plain (tenant_id uuid, id uuid, ts timestamptz, session text, "
                          "payload jsonb, PRIMARY KEY (tenant_id, id))"));
    fill(superuser);
    require(superuser.execute("CREATE INDEX ON public.plain (tenant_id, session, ts)"));
    filled_at_ = clock_.now();
    postgres_.url = database_.conninfo();
    config::Persist options;
    options.poll_wait = std::chrono::milliseconds(20);
    options.threads = plan_.threads;
    role_ = std::make_unique<persist::PersistRole>(options, postgres_, *log_, clock_, metrics_);
  }

  void round(int number, bool warm_up) {
    const std::string copy = make();
    const auto by_copy = [&] {
      if (plan_.copy) require(copier_.copy_in("COPY public.plain FROM STDIN (FORMAT binary)", copy));
    };
    const auto by_persist = [&] { persist(); };
    Measure raw, ours;
    if (number % 2 == 0) raw = measure(cluster_, by_copy);
    ours = measure(cluster_, by_persist);
    if (number % 2 != 0) raw = measure(cluster_, by_copy);
    // Not those that were there: looking at them all would push what both sides need out of memory.
    const auto stored = require(copier_.query(
        "SELECT count(*) FROM plumbline.traces WHERE time >= $1::timestamptz", {format_rfc3339(filled_at_)}));
    total_ += rows_;
    if (stored.integer(0, 0) != total_)
      throw std::runtime_error(fmt::format("{} rows instead of {}", stored.integer(0, 0), total_));
    const auto n = static_cast<double>(rows_);
    std::string beside;
    if (plan_.copy) {
      beside = fmt::format(R"("copy_rows_s":{:.0f},"copy_cpu_us":{:.2f},)", n / raw.seconds,
                           (raw.postgres_cpu + raw.own_cpu) * 1e6 / n);
    }
    fmt::print(
        R"({{"round":{},"warm_up":{},{}"persist_rows_s":{:.0f},"persist_own_cpu_us":{:.2f},"persist_postgres_cpu_us":{:.2f}}})"
        "\n",
        number, warm_up, beside, n / ours.seconds, ours.own_cpu * 1e6 / n, ours.postgres_cpu * 1e6 / n);
    std::fflush(stdout);
  }

 private:
  // Rows like those to come, from the half hour before them; 1,000 of a session.
  void fill(pg::Connection& superuser) {
    for (const char* day : {"0", "1"}) {
      require(superuser.query("SELECT plumbline.ensure_partition((now() AT TIME ZONE 'UTC')::date - $1::int)",
                              {day}));
    }
    if (plan_.existing == 0) return;
    constexpr int kFillers = 2;
    std::vector<std::jthread> fillers;
    std::vector<std::string> failed(kFillers);
    for (int filler = 0; filler < kFillers; ++filler) {
      fillers.emplace_back([this, filler, &failed] {
        try {
          auto connection = database_.superuser();
          require(connection.query(
              kFill, {std::to_string(plan_.existing), tenant_.to_string(), std::to_string(filler + 1),
                      std::to_string(kFillers), std::to_string(plan_.reasons)}));
        } catch (const std::exception& error) {
          failed[static_cast<std::size_t>(filler)] = error.what();
        }
      });
    }
    fillers.clear();
    for (const std::string& why : failed) {
      if (!why.empty()) throw std::runtime_error(why);
    }
    if (plan_.copy) {
      require(
          superuser.query("INSERT INTO public.plain SELECT tenant_id, id, time, session, payload::jsonb FROM "
                          "plumbline.traces"));
    }
    require(superuser.execute("CHECKPOINT"));
  }

  // Puts the next entry of an agent's chain into each line.
  std::string linked(const std::string& body, std::string& previous) const {
    static constexpr std::string_view kBefore = "\"explanation\":";
    std::string out;
    out.reserve(body.size() + kFrameTraces * kLinkBytes);
    std::size_t done = 0;
    for (std::size_t at; (at = body.find(kBefore, done)) != std::string::npos; done = at + kBefore.size()) {
      out.append(body, done, at - done);
      const std::string hash = crypto::to_hex(crypto::sha256(std::string_view(body).substr(done, at - done)));
      out.append("\"prev_hash\":\"").append(previous).append("\",\"hash\":\"").append(hash).append("\",");
      out.append(kBefore);
      previous = hash;
    }
    return out.append(body, done);
  }

  // Appends rows_ traces to the log and returns the same rows for COPY.
  std::string make() {
    CopyBuffer copy;
    const std::string tenant = tenant_.to_string(), run = run_.to_string();
    std::string body;
    std::vector<Uuid> ids;
    for (std::int64_t row = 0; row < rows_; row += kFrameTraces) {
      const TimeUs now = clock_.now();
      const auto partition = static_cast<std::int32_t>(total_frames_ % kPartitions);
      Agent& agent = agents_.at(partition);
      const std::string key = tenant + "/" + agent.name;
      maker_.make(now, body, ids);
      if (plan_.chain) body = linked(body, agent.previous);
      const std::string at = format_rfc3339(now), seq = std::to_string(total_frames_ / kPartitions);
      const log::Header headers[] = {{frame::kCeSpecVersion, "1.0"},
                                     {frame::kTenant, tenant},
                                     {frame::kAgent, agent.name},
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
    const telemetry::Counter& stored = metrics_.counter(
        "plumbline_persist_traces_total", "Traces by what became of them", {{"outcome", "stored"}});
    const std::uint64_t wanted = stored.value() + static_cast<std::uint64_t>(rows_);
    role_->start();
    if (!test::wait_for([&] { return stored.value() >= wanted; }, std::chrono::minutes(10)))
      throw std::runtime_error("persist has not stored its rows within ten minutes");
    role_->stop();
  }

  struct Agent {
    std::string name;
    std::string previous;  // hash of its last entry
  };

  Plan plan_;
  std::int64_t rows_;
  std::int64_t total_ = 0;  // stored since
  TimeUs filled_at_;
  test::TempFolder folder_;
  tests::PostgresCluster cluster_;
  tests::TestDatabase database_;
  pg::Connection copier_;
  config::Embedded options_;
  config::Postgres postgres_;
  load::TraceMaker maker_;
  Uuid tenant_;
  Uuid run_ = Uuid::random();
  std::map<std::int32_t, Agent> agents_;  // by partition
  std::uint64_t total_frames_ = 0;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  bench::Acks acks_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Producer> producer_;
  // Both sides keep their connections from round to round, as a process that runs for days does: a new one
  // pays for its first touch of every shared buffer.
  std::unique_ptr<persist::PersistRole> role_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  plumbline::Plan plan;
  if (argc < 3) return 2;
  plan.rows = std::atoll(argv[1]);
  plan.rounds = std::atoi(argv[2]);
  for (int i = 3; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view name = word.substr(0, word.find('='));
    const long long value = std::atoll(argv[i] + std::min(name.size() + 1, word.size()));
    if (name == "threads") {
      plan.threads = static_cast<int>(value);
    } else if (name == "existing") {
      plan.existing = value;
    } else if (name == "chain") {
      plan.chain = value != 0;
    } else if (name == "copy") {
      plan.copy = value != 0;
    } else if (name == "reasons") {
      plan.reasons = static_cast<int>(value);
    } else {
      fmt::print(stderr, "persist_bench: {} is none of threads=, existing=, chain=, copy=, reasons=\n", word);
      return 2;
    }
  }
  try {
    plumbline::Bench bench(plan);
    for (int round = 0; round <= plan.rounds; ++round) bench.round(round, round == 0);
  } catch (const std::exception& error) {
    fmt::print(stderr, "persist_bench: {}\n", error.what());
    return 1;
  }
}
