// health.threads: members of one process share the partitions of a real embedded log and write to the same
// rows.
#include <gtest/gtest.h>

#include "consumers/health/run.h"
#include "tests/integration/persist/frames.h"
#include "tests/integration/persist/real_log.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 4;
constexpr int kFramesMin = 240;

TEST(HealthThreads, ShareThePartitionsAndCountEachLineOnce) {
  const TestDatabase database;
  auto super = database.superuser();
  const RealLog log("health-threads", kPartitions, {frame::kTracesTopic, frame::kReportsTopic});
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
    log.append(frame::kTracesTopic, frames % kPartitions, made);
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
