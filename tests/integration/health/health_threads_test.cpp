// health.threads: members of one process share the partitions of a real embedded log and write to the same
// rows.
#include <gtest/gtest.h>

#include "consumers/health/run.h"
#include "core/log/embedded/embedded_log.h"
#include "tests/integration/persist/frames.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 4;
constexpr int kFramesMin = 240;

TEST(HealthThreads, ShareThePartitionsAndCountEachLineOnce) {
  const TestDatabase database;
  auto super = database.superuser();
  test::TempFolder folder("health-threads");
  config::Embedded embedded;
  embedded.dir = (folder.path() / "log").string();
  const auto log = require(log::open_embedded(embedded));
  for (const auto name : {frame::kTracesTopic, frame::kReportsTopic}) {
    log::TopicSpec spec;
    spec.name = std::string(name);
    spec.partitions = kPartitions;
    spec.record_bytes_max = 1 << 20;
    require(log->ensure_topic(spec));
  }
  config::Postgres postgres;
  postgres.url = database.conninfo();
  config::Health options;
  options.threads = 3;
  options.poll_wait = 5ms;
  options.backoff_max = 50ms;
  options.batch_records_max = 20;
  SystemClock clock;
  telemetry::Metrics metrics;
  health::HealthRole role(options, postgres, *log, clock, metrics);
  role.start();
  const std::vector<std::string> entries = lines_of("agent-0.jsonl");
  // Fingerprints that a member of the process keeps: more than none when it has counted something.
  const auto has_counted = [&](int member) {
    const std::string series = "plumbline_health_window_lines" +
                               (member == 0 ? "" : "{member=\"" + std::to_string(member) + "\"}") + " ";
    const std::string text = metrics.text();
    const auto at = text.find("\n" + series);
    return at != std::string::npos && text[at + 1 + series.size()] != '0';
  };
  const auto all_have = [&] { return has_counted(0) && has_counted(1) && has_counted(2); };
  // The same agents in the same hours on every partition: what the members add meets in the same rows.
  int frames = 0;
  const auto append = [&] {
    const std::string& entry = entries[static_cast<std::size_t>(frames) % entries.size()];
    const StoredRecord made =
        frame_of({.stream = "a", .seq = static_cast<std::uint64_t>(frames / kPartitions)},
                 {decision_event("a", entry, uuid_of(2 * frames)),
                  decision_event("b", entry, uuid_of(2 * frames + 1))});
    std::vector<log::Header> headers;
    for (const auto& [name, value] : made.headers) headers.push_back({name, value});
    log::Record record;
    record.topic = frame::kTracesTopic;
    record.partition = frames % kPartitions;
    record.key = made.key;
    record.value = made.value;
    record.headers = headers;
    record.timestamp_ms = made.timestamp_ms;
    require(log::append_and_wait(*log, record));
    ++frames;
  };
  // Until each of them had something to count, however late it joined.
  EXPECT_TRUE(test::wait_for([&] {
    append();
    return frames >= kFramesMin && all_have();
  })) << metrics.text();
  const auto counted = [&] {
    return require(super.query("SELECT coalesce(sum(traces), 0)::bigint FROM plumbline.health_agent_hours"))
        .integer(0, 0);
  };
  EXPECT_TRUE(test::wait_for([&] { return counted() >= 2 * frames; }));
  role.stop();
  EXPECT_EQ(counted(), 2 * frames);
}

}  // namespace
}  // namespace plumbline::tests
