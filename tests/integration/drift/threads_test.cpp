// drift.threads: members of a process share the partitions of a real embedded log, with those of others; what
// each branch goes through is found and published once, in order.
#include <map>

#include <gtest/gtest.h>

#include "consumers/drift/run.h"
#include "tests/integration/persist/frames.h"
#include "tests/integration/persist/real_log.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 6;
constexpr int kThreads = 3;
constexpr int kRepos = 24;
constexpr int kReports = 36;  // of each: it passes, fails and passes again, twelve times

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
  DriftThreads() : super_(database_.superuser()) {
    postgres_.url = database_.conninfo();
    start_ = {clock_.now().value - 120'000'000};
  }

  void append(int repo, int number, TimeUs start) {
    FrameOptions frame;
    frame.topic = "reports.v1";
    frame.stream = "app-" + std::to_string(repo);
    frame.received_at = format_rfc3339({start.value + 60'000'000});
    frame.seq = static_cast<std::uint64_t>(number);
    log_.append(frame::kReportsTopic, repo % kPartitions, frame_of(frame, {report_of(repo, number, start)}));
  }
  void append_all(int from, int to) {
    for (int number = from; number < to; ++number) {
      for (int repo = 0; repo < kRepos; ++repo) append(repo, number, start_);
    }
  }
  // What a process reads, and a thread that runs it.
  struct Process {
    explicit Process(const config::Postgres& postgres, log::Log& log, const Clock& clock)
        : role(options(), postgres, log, clock, metrics) {}
    static config::Drift options() {
      config::Drift made;
      made.threads = kThreads;
      made.poll_wait = 5ms;
      made.backoff_max = 50ms;
      made.batch_records_max = 7;
      return made;
    }
    // Partitions that each of its members reads.
    std::vector<int> shares() const {
      const std::string text = metrics.text();
      std::vector<int> found;
      for (int member = 0; member < kThreads; ++member) {
        const std::string series = "\nplumbline_consumer_partitions_assigned{consumer=\"drift\"" +
                                   (member == 0 ? "" : ",member=\"" + std::to_string(member) + "\"") + "} ";
        const auto at = text.find(series);
        found.push_back(at == std::string::npos ? -1 : std::atoi(text.c_str() + at + series.size()));
      }
      return found;
    }
    bool reads(int each) const { return shares() == std::vector<int>(kThreads, each); }

    mutable telemetry::Metrics metrics;
    drift::DriftRole role;
  };
  std::int64_t count(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }
  // Versions of what left for drift.v1, by key, in the order of the log.
  std::map<std::string, std::vector<std::string>> published() {
    std::map<std::string, std::vector<std::string>> found;
    for (std::int32_t p = 0; p < kPartitions; ++p) {
      const log::TopicPartition at{std::string(frame::kDriftTopic), p};
      const auto high = require(log_->watermarks(at)).high;
      const log::StartPosition from{at, 0, ""};
      auto reader = require(log_->reader(std::span(&from, 1)));
      for (std::int64_t read = 0; read < high;) {
        const auto batch = require(reader->poll(1 << 20, 1s, {}));
        for (const log::ReadRecord& record : batch) {
          found[std::string(record.key)].push_back(text_member(std::string(record.value), "version"));
        }
        read += static_cast<std::int64_t>(batch.size());
      }
    }
    return found;
  }

  TestDatabase database_;
  pg::Connection super_;
  config::Postgres postgres_;
  RealLog log_{"drift-threads",
               kPartitions,
               {frame::kReportsTopic, frame::kDriftTopic, frame::kDeadTopic, frame::kTracesTopic}};
  SystemClock clock_;
  TimeUs start_;
};

// Partitions move to the members of another process and back while reports come.
TEST_F(DriftThreads, ShareThePartitionsAndTellEachDriftOnceInOrder) {
  Process one(postgres_, *log_, clock_);
  one.role.start();
  ASSERT_TRUE(test::wait_for([&] { return one.reads(kPartitions / kThreads); })) << one.metrics.text();
  append_all(0, kReports / 3);
  {
    Process other(postgres_, *log_, clock_);
    other.role.start();
    append_all(kReports / 3, kReports / 2);
    ASSERT_TRUE(test::wait_for([&] { return one.reads(1) && other.reads(1); })) << other.metrics.text();
    append_all(kReports / 2, 2 * kReports / 3);
    other.role.stop();
    EXPECT_TRUE(other.reads(0)) << other.metrics.text();
  }
  append_all(2 * kReports / 3, kReports);
  EXPECT_TRUE(test::wait_for([&] {
    return count("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NOT NULL") ==
           kRepos * kReports / 3 * 2;
  })) << one.metrics.text();
  one.role.stop();
  EXPECT_TRUE(one.reads(0)) << one.metrics.text();
  EXPECT_EQ(count("SELECT count(*) FROM plumbline.drift_history"), kRepos * kReports);
  EXPECT_EQ(count("SELECT count(*) FROM plumbline.drifts WHERE state = 'resolved'"), kRepos * kReports / 3);
  EXPECT_EQ(count("SELECT count(*) FROM plumbline.drift_events"), kRepos * kReports / 3 * 2);
  const auto left = published();
  EXPECT_EQ(left.size(), static_cast<std::size_t>(kRepos));
  std::vector<std::string> expected;  // every second and third report of three
  for (int number = 0; number < kReports; ++number)
    if (number % 3 != 0) expected.push_back(std::to_string(number));
  for (const auto& [key, versions] : left) EXPECT_EQ(versions, expected) << key;
}

}  // namespace
}  // namespace plumbline::tests
