// How events leave: after the commit, in order, by whoever is alive; and who else may write a stream.
#include <thread>

#include "tests/integration/drift/drift_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

TEST_F(DriftTest, WhatTheLogRefusesIsPublishedLaterInOrder) {
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  report(3, 3);
  log_.set_refusing(true);
  auto one = role();
  EXPECT_FALSE(one->step());
  EXPECT_FALSE(one->healthy());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NULL"), 2);
  one.reset();  // it dies; another one takes over what it left
  log_.set_refusing(false);
  report(4, 4, "FAIL", "b.ts");
  auto two = role();
  drain(*two);
  EXPECT_TRUE(two->healthy());
  EXPECT_EQ(published("version"), (std::vector<std::string>{"2", "3", "4"}));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NULL"), 0);
  const auto records = log_.all("drift.v1");
  EXPECT_EQ(records.front().key, uuid_of(1).to_string() + "/app");
  const std::vector<std::pair<std::string, std::string>> headers = records.front().headers;
  EXPECT_NE(std::find(headers.begin(), headers.end(),
                      std::pair<std::string, std::string>("ce_type", "dev.plumbline.drift.opened")),
            headers.end());
}

// More than is taken of a lane at once.
TEST_F(DriftTest, ABacklogLeavesWholeAndInOrder) {
  constexpr int kReports = static_cast<int>(postgres::kDriftOutboxMost) * 2 + 100;
  std::vector<std::string> lines, versions;
  for (int i = 1; i <= kReports; ++i) {
    lines.push_back(i % 2 == 1 ? gate(i, i / 100) : gate(i, i / 100, "FAIL", "a.ts"));
    if (i > 1) versions.push_back(std::to_string(i));
  }
  put(lines);
  drain();
  EXPECT_EQ(published("version"), versions);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NULL"), 0);
}

// Statistics of a time when all was published: a batch was compared with the whole backlog, event by event,
// so what gathered while the log was away left ever more slowly.
TEST_F(DriftTest, MarkingEventsDoesNotReadTheBacklog) {
  constexpr int kBacklog = 6000, kMarked = 100;
  require(super_.execute("ANALYZE plumbline.drift_events"));
  (void)require(super_.query(
      "INSERT INTO plumbline.drift_events (tenant_id, event_id, lane, key, type, time, recorded_at, notify, "
      "late, "
      "correction, body) SELECT $1::uuid, gen_random_uuid(), 3, 'key', 'drift.opened', now(), now(), true, "
      "false, false, '{}' FROM generate_series(1, $2::int)",
      {uuid_of(1).to_string(), std::to_string(kBacklog)}));
  require(super_.begin());
  const std::int16_t lane = 3;
  const auto rows = require(postgres::drift_outbox(super_, std::span(&lane, 1)));
  ASSERT_GE(rows.size(), static_cast<std::size_t>(kMarked));
  std::vector<const postgres::DriftOutboxRow*> marked;
  for (int i = 0; i < kMarked; ++i) marked.push_back(&rows[static_cast<std::size_t>(i)]);
  const auto fetched = [&] {
    return number(
        "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'drift_events'");
  };
  const std::int64_t before = fetched();
  require(postgres::mark_drift_published(super_, marked, clock_.now()));
  EXPECT_LE(fetched() - before, 2 * kMarked);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NOT NULL"), kMarked);
  EXPECT_EQ(number("SELECT seq FROM plumbline.drift_events WHERE published_at IS NULL ORDER BY seq LIMIT 1"),
            rows[kMarked].seq);
  super_.rollback();
}

// PostgreSQL ends a session that rests in a transaction for 15 s: a lane whose events were acknowledged one
// after another for longer was published again and again, and none of it was marked.
TEST_F(DriftTest, ASlowLogIsMarkedAsItGoes) {
  constexpr int kReports = 9;
  for (int i = 1; i <= kReports; ++i) report(i, i, i % 2 == 1 ? "PASS" : "FAIL", i % 2 == 1 ? "" : "a.ts");
  std::vector<std::int64_t> marked;
  log_.set_on_append([&] {
    marked.push_back(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NOT NULL"));
    clock_.advance(1s);
  });
  drain();
  EXPECT_EQ(marked, (std::vector<std::int64_t>{0, 0, 2, 2, 4, 4, 6, 6}));
  EXPECT_EQ(published("version"), (std::vector<std::string>{"2", "3", "4", "5", "6", "7", "8", "9"}));
}

// Two events of a key leave one after the other. When the log could not be asked for its topic between them,
// the first was not marked and left a second time.
TEST_F(DriftTest, WhatLeftIsMarkedThoughTheNextCanNotLeave) {
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  report(3, 3);
  log_.set_on_append([&] { log_.set_topics_unknown(true); });
  auto one = role();
  EXPECT_FALSE(one->step());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NULL"), 1);
  log_.set_on_append({});
  log_.set_topics_unknown(false);
  drain(*one);
  EXPECT_EQ(published("version"), (std::vector<std::string>{"2", "3"}));
}

class DriftMarks : public DriftTest {
 protected:
  // An event that the log refused; its lane.
  std::int16_t keep_one_back() {
    report(1, 1);
    report(2, 2, "FAIL", "a.ts");
    log_.set_refusing(true);
    EXPECT_FALSE(role()->step());
    return static_cast<std::int16_t>(number("SELECT lane FROM plumbline.drift_events"));
  }
};

// A late report withdraws an event in a transaction that is still open when the event is marked: the row's
// place changes, and the mark passed it over, so the event was published again behind later ones.
TEST_F(DriftMarks, AnEventThatIsWithdrawnMeanwhileIsMarkedAllTheSame) {
  const std::int16_t lane = keep_one_back();
  auto marker = database_.superuser();
  require(marker.execute("SET application_name = 'marker'"));
  require(marker.begin());
  const auto rows = require(postgres::drift_outbox(marker, std::span(&lane, 1)));
  ASSERT_EQ(rows.size(), 1u);
  auto writer = database_.superuser();
  require(writer.begin());
  require(writer.execute("UPDATE plumbline.drift_events SET withdrawn_at = now()"));
  std::thread marking([&] {
    const postgres::DriftOutboxRow* row = &rows.front();
    require(postgres::mark_drift_published(marker, std::span(&row, 1), clock_.now()));
  });
  EXPECT_TRUE(test::wait_for([&] {
    return number(
               "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'marker' AND wait_event_type "
               "= "
               "'Lock'") == 1;
  }));
  require(writer.commit());
  marking.join();
  require(marker.commit());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NOT NULL"), 1);
}

TEST_F(DriftMarks, WhatIsRecordedAnewSinceItWasReadIsNotMarked) {
  const std::int16_t lane = keep_one_back();
  const auto rows = require(postgres::drift_outbox(super_, std::span(&lane, 1)));
  ASSERT_EQ(rows.size(), 1u);
  require(super_.execute(
      "UPDATE plumbline.drift_events SET recorded_at = recorded_at + interval '1 s', body = '{}'"));
  const postgres::DriftOutboxRow* row = &rows.front();
  require(postgres::mark_drift_published(super_, std::span(&row, 1), clock_.now()));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE published_at IS NULL"), 1);
}

TEST_F(DriftTest, ALaneThatAnotherProcessHoldsIsLeftToIt) {
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  ASSERT_TRUE(super_.begin());
  for (int lane = 0; lane < postgres::kDriftLanes; ++lane) {
    (void)require(super_.query("SELECT pg_advisory_xact_lock(1685219686, $1::int)", {std::to_string(lane)}));
  }
  auto one = role();
  (void)require(one->step());
  EXPECT_TRUE(log_.all("drift.v1").empty());
  super_.rollback();
  (void)require(one->step());
  EXPECT_EQ(log_.all("drift.v1").size(), 1u);
}

TEST_F(DriftTest, AProcessWhoseStateIsOldReadsAgain) {
  report(1, 1);
  auto one = role();
  drain(*one);
  ASSERT_TRUE(super_.execute("UPDATE plumbline.drift_streams SET version = version + 1"));
  report(2, 2, "FAIL", "a.ts");
  drain(*one);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drifts"), 1);
  EXPECT_EQ(number("SELECT version FROM plumbline.drift_streams"), 3);
}

TEST_F(DriftTest, ThreadsPublishWithoutBeingAsked) {
  SystemClock clock;
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  options_.poll_wait = 10ms;
  drift::DriftRole running(options_, postgres_, log_, clock, metrics_);
  running.start();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (log_.all("drift.v1").empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  running.stop();
  EXPECT_EQ(log_.all("drift.v1").size(), 1u);
}

}  // namespace
}  // namespace plumbline::tests
