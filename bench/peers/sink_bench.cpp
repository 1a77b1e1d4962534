// Rows a second and CPU a row of two sinks on the same traces from one Kafka broker: `plumbline persist` (its
// own table, with hash chains, dedupe, positions, ledger and row-level security) and Kafka Connect with
// Debezium's JDBC sink (jsonb payload, random-uuid primary key, one secondary index). Both are processes that
// store twice `rows` before the first round; each stands still (SIGSTOP) while traces are made and while the
// other works.
// usage: sink_bench JARS_OF_CONNECT ROWS_A_ROUND ROUNDS; prints one JSON object a sink and round.
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "bench/load/acks.h"
#include "bench/load/figures.h"
#include "bench/load/trace_maker.h"
#include "core/clock.h"
#include "core/crypto/sha256.h"
#include "core/frame.h"
#include "core/log/kafka/kafka_log.h"
#include "tests/support/kafka_broker.h"
#include "tests/support/postgres.h"
#include "tests/support/stack/stack.h"

namespace plumbline {
namespace {

using Steady = std::chrono::steady_clock;
using tests::require;

constexpr int kFrameTraces = 100;
constexpr int kPartitions = 8;
constexpr std::size_t kTraceBytes = 580;
constexpr std::size_t kLinkBytes = 154;  // of a line, for "hash" and "prev_hash"
constexpr std::string_view kPeerTopic = "peer.v1";
constexpr auto kPatience = std::chrono::minutes(5);

struct Sink {
  const char* name;
  std::unique_ptr<test::Process> process;
  std::function<bool()> done;  // everything that was made is stored
};

class Bench {
 public:
  explicit Bench(std::string jars)
      : jars_(std::move(jars)),
        folder_("sink-bench"),
        // As persist_bench: what one side leaves to autovacuum would be charged to the other.
        cluster_(
            {{"shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "autovacuum=off"}, ""}),
        database_(cluster_),
        peer_database_(cluster_, /*migrated=*/false),
        peer_(peer_database_.superuser()),
        maker_({.traces_per_request = kFrameTraces, .trace_bytes = kTraceBytes - kLinkBytes, .sessions = 10},
               1),
        tenant_(Uuid::random()) {
    // The sink sends columns of many rows as text arrays, which PostgreSQL shall turn into the table's types.
    require(peer_.execute(
        "CREATE CAST (text AS uuid) WITH INOUT AS ASSIGNMENT; CREATE CAST (text AS jsonb) WITH INOUT AS "
        "ASSIGNMENT; CREATE TABLE public.plain (tenant_id uuid, id uuid, ts timestamptz, session text, "
        "payload jsonb, "
        "PRIMARY KEY (tenant_id, id)); CREATE INDEX ON public.plain (tenant_id, session, ts)"));
    config::Kafka kafka;
    kafka.brokers = broker_.bootstrap();
    log_ = require(log::open_kafka(kafka));
    start_persist();
    log::TopicSpec spec;
    spec.name = std::string(kPeerTopic);
    spec.partitions = kPartitions;
    require(log_->ensure_topic(spec));
    producer_ = require(log_->producer(acks_));
    start_connect();
  }

  void make(std::int64_t rows) {
    std::string body;
    std::vector<Uuid> ids;
    for (std::int64_t row = 0; row < rows; row += kFrameTraces) {
      const auto partition = static_cast<std::int32_t>(frames_ % kPartitions);
      const TimeUs now = SystemClock().now();
      maker_.make(now, body, ids);
      body = linked(body, previous_[partition]);
      append_frame(partition, now, body);
      append_lines(partition, now, body, ids);
      last_[partition] = ids.back();
      acks_.wait(appended_ > 10'000 ? appended_ - 10'000 : 0);
    }
    acks_.wait(appended_);
    rows_ += rows;
  }

  void store(Sink& sink) {
    sink.process->signal(SIGCONT);
    if (!test::wait_for(
            [&] {
              if (!sink.process->running()) throw std::runtime_error(ended(sink));
              return sink.done();
            },
            kPatience))
      throw std::runtime_error("not stored in five minutes by " + ended(sink));
    sink.process->signal(SIGSTOP);
  }

  void measure(Sink& sink, std::int64_t rows, int round) {
    const pid_t pid = sink.process->pid();
    const double own = bench::cpu_seconds_of_tree(pid), postgres = bench::cpu_seconds_of_tree(cluster_.pid());
    const auto start = Steady::now();
    store(sink);
    const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
    const auto n = static_cast<double>(rows);
    fmt::print(
        R"({{"sink":"{}","round":{},"rows_s":{:.0f},"own_cpu_us":{:.2f},"postgres_cpu_us":{:.2f},"resident_mib":{:.0f}}})"
        "\n",
        sink.name, round, n / seconds, (bench::cpu_seconds_of_tree(pid) - own) * 1e6 / n,
        (bench::cpu_seconds_of_tree(cluster_.pid()) - postgres) * 1e6 / n, bench::resident_mib(pid));
    std::fflush(stdout);
  }

  void run(std::int64_t rows, int rounds) {
    for (int i = 0; i < 2; ++i) {  // what is interpreted is compiled by then
      make(rows);
      for (Sink& sink : sinks_) store(sink);
    }
    for (int round = 0; round < rounds; ++round) {
      make(rows);
      for (std::size_t i = 0; i < sinks_.size(); ++i)
        measure(sinks_[(i + static_cast<std::size_t>(round)) % sinks_.size()], rows, round);
    }
    auto superuser = database_.superuser();
    check(superuser, "plumbline.traces");
    check(peer_, "public.plain");
  }

 private:
  void check(pg::Connection& connection, const std::string& table) const {
    const auto stored = require(connection.query("SELECT count(*) FROM " + table));
    if (stored.integer(0, 0) != rows_)
      throw std::runtime_error(fmt::format("{}: {} rows, not {}", table, stored.integer(0, 0), rows_));
  }

  static std::string ended(const Sink& sink) { return sink.name + (":\n" + sink.process->output_tail()); }

  std::string file(const std::string& name, const std::string& content) const {
    const std::string path = (folder_.path() / name).string();
    std::ofstream(path) << content;
    return path;
  }

  static std::string text_of(const std::string& name) {
    std::ifstream in(std::string(PLUMBLINE_SOURCE_DIR "/bench/peers/connect/") + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void start_persist() {
    const int port = test::free_port();
    const std::string config =
        file("plumbline.toml",
             fmt::format("log = \"kafka\"\n[kafka]\nbrokers = \"{}\"\nsession_timeout = \"45s\"\n[topics]\n"
                         "partitions = {}\n[postgres]\nurl = \"{}\"\n[persist]\nthreads = 2\nadmin_listen = "
                         "\"127.0.0.1:{}\"\n[keys]\nmaster_key_file = \"{}\"\n",
                         broker_.bootstrap(), kPartitions, database_.conninfo(), port,
                         file("master.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")));
    std::filesystem::permissions(folder_.path() / "master.key", std::filesystem::perms::owner_read);
    auto process = std::make_unique<test::Process>(test::ProcessOptions{
        {std::string(PLUMBLINE_BINARY_DIR) + "/bin/plumbline", "persist", "--config", config},
        {},
        folder_.path() / "persist.log"});
    process->start();
    sinks_.push_back({"persist", std::move(process), [this, port] { return persist_stored(port) >= rows_; }});
    if (!test::wait_for([&] { return tests::http_get(port, "/readyz") == 200; }))
      throw std::runtime_error("not ready: " + ended(sinks_.back()));
  }

  void start_connect() {
    const std::string worker =
        file("worker.properties",
             text_of("worker.properties") +
                 fmt::format("bootstrap.servers={}\nlisteners=http://127.0.0.1:{}\n"
                             "offset.storage.file.filename={}\n",
                             broker_.bootstrap(), test::free_port(), (folder_.path() / "offsets").string()));
    const std::string sink =
        file("sink.properties", text_of("sink.properties") +
                                    fmt::format("connection.url=jdbc:postgresql://127.0.0.1:{}/{}\n"
                                                "connection.username=postgres\nconnection.password=unused\n",
                                                cluster_.port(), peer_database_.name()));
    auto process = std::make_unique<test::Process>(
        test::ProcessOptions{{"java", "-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC",
                              "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars_ + "/*",
                              "org.apache.kafka.connect.cli.ConnectStandalone", worker, sink},
                             {},
                             folder_.path() / "connect.log"});
    process->start();
    sinks_.push_back({"debezium", std::move(process), [this] { return peer_stored(); }});
  }

  static std::int64_t persist_stored(int port) {
    std::string body;
    if (tests::http_get(port, "/metrics", &body) != 200) return 0;
    const std::string name = "plumbline_persist_traces_total{outcome=\"stored\"} ";
    const std::size_t at = body.find(name);
    return at == body.npos ? 0
                           : static_cast<std::int64_t>(std::strtod(body.c_str() + at + name.size(), nullptr));
  }

  // Each partition is stored in its order, so its last row is there last.
  bool peer_stored() {
    std::string ids;
    for (const auto& [partition, id] : last_) ids += (ids.empty() ? "{" : ",") + id.to_string();
    const auto there = require(
        peer_.query("SELECT count(*) FROM public.plain WHERE tenant_id = $1::uuid AND id = ANY ($2::uuid[])",
                    {tenant_.to_string(), ids + "}"}));
    return there.integer(0, 0) == static_cast<std::int64_t>(last_.size());
  }

  // Puts the next entry of an agent's hash chain into each line.
  static std::string linked(const std::string& body, std::string& previous) {
    static constexpr std::string_view kBefore = "\"explanation\":";
    std::string out;
    std::size_t done = 0;
    for (std::size_t at; (at = body.find(kBefore, done)) != body.npos; done = at + kBefore.size()) {
      out.append(body, done, at - done);
      const std::string hash = crypto::to_hex(crypto::sha256(std::string_view(body).substr(done, at - done)));
      out += fmt::format(R"("prev_hash":"{}","hash":"{}",{})", previous, hash, kBefore);
      previous = hash;
    }
    return out.append(body, done);
  }

  void append(std::string_view topic, std::int32_t partition, TimeUs now, std::string_view key,
              std::string_view value, std::span<const log::Header> headers) {
    log::Record record;
    record.topic = topic;
    record.partition = partition;
    record.key = key;
    record.value = value;
    record.headers = headers;
    record.timestamp_ms = now.value / 1000;
    producer_->append(record, 0);
    producer_->submit();  // the record borrows everything until then
    ++appended_;
  }

  // As the edge writes them: all traces of a request are one record.
  void append_frame(std::int32_t partition, TimeUs now, std::string_view body) {
    const std::string tenant = tenant_.to_string(), run = run_.to_string(), at = format_rfc3339(now);
    const std::string agent = "agent-" + std::to_string(partition), key = tenant + "/" + agent;
    const std::string seq = std::to_string(frames_++ / kPartitions);
    const log::Header headers[] = {{frame::kCeSpecVersion, "1.0"},
                                   {frame::kTenant, tenant},
                                   {frame::kAgent, agent},
                                   {frame::kKeyId, "key_bench"},
                                   {frame::kReceivedAt, at},
                                   {frame::kRunId, run},
                                   {frame::kSeq, seq}};
    append(frame::kTracesTopic, partition, now, key, body, headers);
  }

  void append_lines(std::int32_t partition, TimeUs now, std::string_view body, const std::vector<Uuid>& ids) {
    const std::string tenant = tenant_.to_string();
    for (const Uuid& each : ids) {
      const std::string_view line = body.substr(0, body.find('\n'));
      const std::string id = each.to_string();
      const log::Header headers[] = {
          {"tenant_id", tenant}, {"id", id}, {"session", line.substr(line.find("\"session\":") + 11, 36)}};
      append(kPeerTopic, partition, now, id, line, headers);
      body.remove_prefix(line.size() + 1);
    }
  }

  const std::string jars_;
  test::TempFolder folder_;
  tests::PostgresCluster cluster_;
  tests::TestDatabase database_;
  tests::TestDatabase peer_database_;
  pg::Connection peer_;
  tests::KafkaBroker broker_;
  load::TraceMaker maker_;
  const Uuid tenant_;
  const Uuid run_ = Uuid::random();
  std::map<std::int32_t, std::string> previous_;  // by partition: hash of its agent's last entry
  std::map<std::int32_t, Uuid> last_;             // by partition: its last trace
  std::uint64_t frames_ = 0, appended_ = 0;
  std::int64_t rows_ = 0;
  bench::Acks acks_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<log::Producer> producer_;
  std::vector<Sink> sinks_;
};

}  // namespace
}  // namespace plumbline

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    plumbline::Bench(argv[1]).run(std::atoll(argv[2]), std::atoi(argv[3]));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "sink_bench: {}\n", error.what());
    return 1;
  }
}
