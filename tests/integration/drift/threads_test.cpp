// drift.threads: members of one process share the partitions of a real embedded log; what each of their
// branches goes through is found and published once, in order.
#include <gtest/gtest.h>

#include "consumers/drift/run.h"
#include "core/log/embedded/embedded_log.h"
#include "tests/integration/persist/frames.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 6;
constexpr int kThreads = 3;
constexpr int kRepos = 24;
constexpr int kReports = 9;  // of each: it passes, fails and passes again, three times

std::string report_of(int repo, int number, TimeUs start) {
  const bool failed = number % 3 == 1;
  const TimeUs time{start.value + number * 1'000'000};
  return R"({"id":")" + uuid_of(repo * kReports + number).to_string() + R"(","kind":"report","time":")" +
         format_rfc3339(time) + R"(","agent":"gate","repo":"app-)" + std::to_string(repo) +
         R"(","branch":"main","version":")" + std::to_string(number) + R"(","data":{"status":")" +
         (failed ? "FAIL" : "PASS") + R"(","failures":[)" +
         (failed ? R"({"id":"ARCH_BOUNDARY","title":"Architectural Violation","files":["src/a.ts"]})" : "") +
         "]}}";
}

class DriftThreads : public testing::Test {
 protected:
  DriftThreads() : folder_("drift-threads") {
    config::Embedded embedded;
    embedded.dir = (folder_.path() / "log").string();
    log_ = require(log::open_embedded(embedded));
    for (const auto name :
         {frame::kReportsTopic, frame::kDriftTopic, frame::kDeadTopic, frame::kTracesTopic}) {
      log::TopicSpec spec;
      spec.name = std::string(name);
      spec.partitions = kPartitions;
      spec.record_bytes_max = 1 << 20;
      require(log_->ensure_topic(spec));
    }
  }

  void append(int repo, int number, TimeUs start) {
    FrameOptions frame;
    frame.topic = "reports.v1";
    frame.stream = "app-" + std::to_string(repo);
    frame.received_at = format_rfc3339({start.value + 60'000'000});
    frame.seq = static_cast<std::uint64_t>(number);
    const StoredRecord made = frame_of(frame, {report_of(repo, number, start)});
    std::vector<log::Header> headers;
    for (const auto& [name, value] : made.headers) headers.push_back({name, value});
    log::Record record;
    record.topic = frame::kReportsTopic;
    record.partition = repo % kPartitions;
    record.key = made.key;
    record.value = made.value;
    record.headers = headers;
    record.timestamp_ms = made.timestamp_ms;
    require(log::append_and_wait(*log_, record));
  }
  // Partitions that each member of the process reads.
  std::vector<int> shares() const {
    const std::string text = metrics_.text();
    std::vector<int> found;
    for (int member = 0; member < kThreads; ++member) {
      const std::string series = "\nplumbline_consumer_partitions_assigned{consumer=\"drift\"" +
                                 (member == 0 ? "" : ",member=\"" + std::to_string(member) + "\"") + "} ";
      const auto at = text.find(series);
      found.push_back(at == std::string::npos ? -1 : std::atoi(text.c_str() + at + series.size()));
    }
    return found;
  }

  TestDatabase database_;
  test::TempFolder folder_;
  std::unique_ptr<log::Log> log_;
  SystemClock clock_;
  mutable telemetry::Metrics metrics_;
};

TEST_F(DriftThreads, ShareThePartitionsAndFindEachDriftOnce) {
  config::Postgres postgres;
  postgres.url = database_.conninfo();
  config::Drift options;
  options.threads = kThreads;
  options.poll_wait = 5ms;
  options.backoff_max = 50ms;
  options.batch_records_max = 7;
  drift::DriftRole role(options, postgres, *log_, clock_, metrics_);
  role.start();
  const std::vector<int> equal(kThreads, kPartitions / kThreads);
  ASSERT_TRUE(test::wait_for([&] { return shares() == equal; })) << metrics_.text();
  const TimeUs start{clock_.now().value - 120'000'000};
  for (int number = 0; number < kReports; ++number) {
    for (int repo = 0; repo < kRepos; ++repo) append(repo, number, start);
  }
  auto super = database_.superuser();
  const auto count = [&](const std::string& sql) { return require(super.query(sql)).integer(0, 0); };
  EXPECT_TRUE(test::wait_for([&] {
    return count("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NOT NULL") ==
           kRepos * kReports / 3 * 2;
  })) << metrics_.text();
  role.stop();
  EXPECT_EQ(shares(), std::vector<int>(kThreads, 0));
  EXPECT_EQ(count("SELECT count(*) FROM plumbline.drift_history"), kRepos * kReports);
  EXPECT_EQ(count("SELECT count(*) FROM plumbline.drifts WHERE state = 'resolved'"), kRepos * kReports / 3);
  EXPECT_EQ(count("SELECT count(*) FROM plumbline.drift_events"), kRepos * kReports / 3 * 2);
  // In the order in which they were found, branch by branch.
  EXPECT_EQ(count("SELECT count(*) FROM (SELECT time < lag(time) OVER (PARTITION BY repo ORDER BY seq) AS "
                  "back FROM plumbline.drift_events) e WHERE back"),
            0);
}

}  // namespace
}  // namespace plumbline::tests
