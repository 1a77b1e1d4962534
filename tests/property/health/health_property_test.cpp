// Whatever the order, the repetitions, the batches, the size of the window and the crashes: health's tables
// hold what SQL computes from what persist stored. HEALTH_SEED repeats one run.
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "consumers/health/run.h"
#include "consumers/persist/run.h"
#include "tests/integration/health/events.h"
#include "tests/integration/health/recompute.h"
#include "tests/integration/persist/script_log.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSecondUs = 1000000;
constexpr std::int32_t kPartitions = 3;

class HealthProperty : public testing::TestWithParam<int> {
 protected:
  HealthProperty() : super_(database_.superuser()), events_(seed()) {
    health_options_.poll_wait = persist_options_.poll_wait = 0ms;
    health_options_.backoff_max = persist_options_.backoff_max = 50ms;
    postgres_.url = database_.conninfo();
  }
  static std::uint64_t seed() {
    static const std::uint64_t base = [] {
      const char* const given = std::getenv("HEALTH_SEED");
      return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    }();
    std::cout << "HEALTH_SEED=" << base << " case " << GetParam() << "\n";
    return base + static_cast<std::uint64_t>(GetParam());
  }

  // About `count` frames; receipts rise but for the clocks of several edges.
  void write(int count) {
    for (int i = 0; i < count; ++i) {
      received_.value += events_.number(0, 120) * kSecondUs;
      const TimeUs received{received_.value - events_.number(0, 20) * kSecondUs};
      HealthLine first = next(received);
      std::vector<std::string> lines{first.text()};
      for (std::int64_t more = events_.number(0, 3); more > 0; --more) {
        HealthLine other = next(received);
        if (other.report != first.report || other.stream != first.stream || other.tenant != first.tenant)
          continue;
        lines.push_back(other.text());
      }
      if (events_.number(0, 19) == 0) lines.emplace_back("{\"not\":\"an event\"}");
      FrameOptions frame;
      frame.tenant = uuid_of(first.tenant);
      frame.stream = first.stream;
      frame.topic = first.report ? "reports.v1" : "traces.v1";
      frame.received_at = format_rfc3339(received);
      const StoredRecord record = frame_of(frame, lines);
      log_.put(frame.topic, log::partition_of(record.key, kPartitions), record);
    }
  }

  // A new event, or an old one again, or an old identity with another body.
  HealthLine next(TimeUs received) {
    const std::int64_t dice = events_.number(0, 9);
    if (dice < 3 && !sent_.empty()) {
      HealthLine old = sent_[static_cast<std::size_t>(
          dice == 0
              ? events_.number(0, static_cast<std::int64_t>(sent_.size()) - 1)
              : std::max<std::int64_t>(0, static_cast<std::int64_t>(sent_.size()) - events_.number(1, 5)))];
      if (dice == 2) old.data = old.report ? events_.report() : old.data + " ";
      return old;
    }
    // Mostly now, some late, some ahead; a few so far ahead that they are refused.
    std::int64_t time = received.value - events_.number(0, 30) * kSecondUs;
    if (dice == 3) time = received.value - events_.number(0, 2 * 86400) * kSecondUs;
    if (dice == 4) time = received.value + events_.number(0, 310) * kSecondUs;
    sent_.push_back(events_.line({time}));
    return sent_.back();
  }

  // Late events of the days before noon() lie below: persist stores none of them.
  void raise_floors() {
    require(super_.query(
        "INSERT INTO plumbline.retention_floors (tenant_id, floor) SELECT ('00000000-0000-0000-0000-' "
        "|| lpad(to_hex(n), 12, '0'))::uuid, $1::date FROM generate_series(0, 9) n",
        {format_rfc3339(noon()).substr(0, 10)}));
  }

  std::unique_ptr<health::HealthRole> member() {
    return std::make_unique<health::HealthRole>(health_options_, postgres_, log_, clock_, metrics_, window_);
  }
  // One of: a turn, a turn of a member that then vanishes, backends killed under it, a member that takes
  // over, settling.
  void disturb() {
    log_.set_poll_records(static_cast<std::size_t>(events_.number(1, 40)));
    health_options_.batch_records_max = static_cast<std::int32_t>(events_.number(1, 60));
    auto& one = members_[static_cast<std::size_t>(events_.number(0, 1))];
    if (!one || events_.number(0, 4) == 0) one = member();
    if (events_.number(0, 5) == 0) {
      (void)super_.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
          "'plumbline health%'");
    }
    (void)one->step();  // fenced or cut off: tried again
    if (events_.number(0, 2) == 0) (void)one->settle();
    if (events_.number(0, 1) == 0) (void)persist_->step();
  }
  void finish() {
    log_.set_poll_records(0);
    for (auto& one : members_) one.reset();
    auto last = member();
    drain([&] { return persist_->step(); });
    drain([&] { return last->step(); });
    drain([&] { return last->settle(); });
  }
  // Until twice in a row nothing comes.
  template <class Turn>
  void drain(Turn turn) {
    for (int quiet = 0, failures = 0; quiet < 2;) {
      const auto done = turn();
      if (!done && ++failures > 50) FAIL() << done.error().message;
      quiet = done && *done == 0 ? quiet + 1 : 0;
    }
  }
  std::int64_t count(const std::string& what) {
    return require(super_.query("SELECT count(*) FROM " + what)).integer(0, 0);
  }

  TestDatabase database_;
  pg::Connection super_;
  HealthEvents events_;
  ScriptLog log_{kPartitions};
  SystemClock clock_;
  telemetry::Metrics metrics_;
  config::Health health_options_;
  config::Persist persist_options_;
  config::Postgres postgres_;
  std::size_t window_ = 64;
  TimeUs received_{noon().value};
  std::vector<HealthLine> sent_;
  std::unique_ptr<persist::PersistRole> persist_ =
      std::make_unique<persist::PersistRole>(persist_options_, postgres_, log_, clock_, metrics_);
  std::unique_ptr<health::HealthRole> members_[2];
};

TEST_P(HealthProperty, TablesAreWhatSqlComputesFromWhatIsStored) {
  const std::size_t sizes[] = {1, 16, 64, 256, 1 << 20};
  window_ = sizes[static_cast<std::size_t>(GetParam()) % std::size(sizes)];
  persist_ = std::make_unique<persist::PersistRole>(persist_options_, postgres_, log_, clock_, metrics_);
  const bool floors = GetParam() % 2 == 1;
  if (floors) raise_floors();
  for (int round = 0; round < 12; ++round) {
    write(25);
    for (int i = 0; i < 4; ++i) disturb();
  }
  finish();
  EXPECT_EQ(health_differences(super_), "");
  EXPECT_GT(count("plumbline.health_repo_hours"), 0);
  EXPECT_GT(count("plumbline.health_agent_decisions"), 0);
  EXPECT_EQ(count("plumbline.health_pending"), 0);
  EXPECT_EQ(count("plumbline.dead_letters WHERE detail LIKE '%removed by age'") > 0, floors);

  // Read again from the start: nothing changes.
  require(super_.query("UPDATE plumbline.positions SET next_offset = 0 WHERE consumer = 'health'"));
  finish();
  EXPECT_EQ(health_differences(super_), "");
}

INSTANTIATE_TEST_SUITE_P(Seeds, HealthProperty, testing::Range(0, 5));

}  // namespace
}  // namespace plumbline::tests
