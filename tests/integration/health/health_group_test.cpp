// Two health processes share the partitions, one is killed half-way and a third joins: the aggregates still
// equal an independent SQL recomputation from what persist stored. On both logs.
//
// GROUP_REPORTS: how many reports (as many other events come along); PLUMBLINE_SEED: the events.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/health/events.h"
#include "tests/integration/health/recompute.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

using std::chrono::seconds;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class HealthGroup : public testing::TestWithParam<Backend> {
 protected:
  HealthGroup() : stack_(GetParam()), seed_(setting("PLUMBLINE_SEED", std::random_device{}())) {
    std::printf("PLUMBLINE_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  }

  // Writes files of native NDJSON: events of the last twenty days in no order. Every seventh line of a file
  // is sent again by the next one.
  std::vector<std::string> write_files(std::uint64_t reports) {
    HealthEvents events(seed_);
    const TimeUs now = SystemClock().now();
    std::vector<std::string> files, again;
    for (std::uint64_t made = 0; made < reports;) {
      files.push_back((stack_.folder() / ("events-" + std::to_string(files.size()) + ".ndjson")).string());
      std::ofstream out(files.back());
      for (const std::string& line : again) out << line << '\n';
      again.clear();
      for (int i = 0; i < 5'000 && made < reports; ++i) {
        const HealthLine line =
            events.line(TimeUs{now.value - events.number(0, std::int64_t{20} * 86'400'000'000)});
        made += line.report ? 1 : 0;
        ++unique_;
        out << line.text() << '\n';
        if (i % 7 == 0) again.push_back(line.text());
      }
    }
    return files;
  }

  std::int64_t number(const std::string& sql) const {
    const std::string text = stack_.value(sql);
    return text.empty() ? -1 : std::stoll(text);
  }
  std::int64_t read_by(const std::string& consumer) const {
    return number("SELECT coalesce(sum(next_offset), 0) FROM plumbline.positions WHERE consumer = '" +
                  consumer + "'");
  }
  // Partitions that a live member of health took over since the sum of epochs was `before`.
  std::int64_t epochs() const {
    return number("SELECT coalesce(sum(epoch), 0) FROM plumbline.positions WHERE consumer = 'health'");
  }
  // Rows are counted only once everything else says that nothing moves any more.
  bool settled() const {
    return stack_.value(
               "SELECT NOT EXISTS (SELECT FROM plumbline.health_pending) AND NOT EXISTS ("
               "SELECT FROM plumbline.positions p LEFT JOIN plumbline.positions h ON h.consumer = 'health' "
               "AND "
               "(h.topic, h.partition) = (p.topic, p.partition) WHERE p.consumer = 'persist' AND "
               "p.topic IN ('traces.v1', 'reports.v1') AND h.next_offset IS DISTINCT FROM p.next_offset)") ==
               "t" &&
           number(
               "SELECT (SELECT count(*) FROM plumbline.traces) + (SELECT count(*) FROM plumbline.reports)") ==
               static_cast<std::int64_t>(unique_);
  }

  Stack stack_;
  std::uint64_t seed_;
  std::uint64_t unique_ = 0;
};

TEST_P(HealthGroup, AggregatesEqualARecomputationAlthoughOneOfTwoMembersIsKilled) {
  const auto reports = setting("GROUP_REPORTS", 20'000);
  const seconds patience(120 + static_cast<long>(reports / 500));
  stack_.start_roles();
  const Tenant acme = stack_.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack_, acme); })) << stack_.logs();
  ASSERT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM plumbline.traces") > 0; }));
  const std::vector<std::string> files = write_files(reports);
  unique_ += static_cast<std::uint64_t>(number("SELECT count(*) FROM plumbline.traces"));

  test::Process& first = stack_.add_role("health");
  test::Process& second = stack_.add_role("health");
  // The second half of the files waits for the kill: where it did not, a machine that stood still for a
  // moment had counted all of them between two looks.
  ASSERT_GE(files.size(), 4U) << "half of them must hold the third that is waited for";
  std::string failure;
  std::jthread pushing;
  std::promise<void> killed;  // gone before the thread is joined, which lets it go on whatever fails here
  pushing = std::jthread([&, until = killed.get_future()] {
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (i == files.size() / 2) until.wait();
      const std::string& file = files[i];
      const auto [status, output] =
          stack_.plumb(acme, "push --kind ndjson --include-content --no-git " + file);
      if (status != 0) {
        failure = output;
        return;
      }
    }
  });
  const auto counted = [&] {
    return number("SELECT coalesce(sum(runs), 0)::bigint FROM plumbline.health_repo_hours");
  };
  const auto all = static_cast<std::int64_t>(reports);
  ASSERT_TRUE(test::wait_for([&] { return counted() > all / 3; }, patience)) << stack_.logs();
  std::int64_t before = epochs();
  first.kill9();
  killed.set_value();
  EXPECT_LT(counted(), all) << "killed too late: nothing was left to do";
  EXPECT_TRUE(test::wait_for([&] { return epochs() > before; }, patience)) << "nobody takes over\n"
                                                                           << stack_.logs();
  EXPECT_TRUE(second.running());
  before = epochs();
  stack_.add_role("health");
  EXPECT_TRUE(test::wait_for([&] { return epochs() > before; }, patience)) << "no share for the third\n"
                                                                           << stack_.logs();
  pushing.join();
  ASSERT_EQ(failure, "");

  ASSERT_TRUE(test::wait_for([&] { return settled(); }, patience))
      << stack_.value(
             "SELECT (SELECT count(*) FROM plumbline.health_pending) || ' pending; ' || "
             "string_agg(format('%s %s/%s %s', consumer, topic, partition, next_offset), ', ') FROM "
             "plumbline.positions WHERE topic IN ('traces.v1', 'reports.v1')")
      << "\n"
      << stack_.logs();
  EXPECT_GE(number("SELECT count(*) FROM plumbline.reports"), static_cast<std::int64_t>(reports));
  EXPECT_GT(number("SELECT count(*) FROM plumbline.health_repo_hours"), 100);
  auto super = stack_.database().superuser();
  EXPECT_EQ(health_differences(super), "");
}

INSTANTIATE_TEST_SUITE_P(Logs, HealthGroup, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& of) { return to_string(of.param); });

}  // namespace
}  // namespace plumbline::tests
