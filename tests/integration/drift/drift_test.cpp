// What drift makes of reports: the real history, late and repeated reports, corrections, matchers.
#include <algorithm>
#include <random>

#include "tests/integration/drift/drift_fixture.h"

namespace plumbline::tests {
namespace {

std::vector<std::string> real_reports() {
  std::vector<std::string> events;
  for (const std::string& line : lines_of("rigour-reports.ndjson")) events.push_back(report_event(line));
  return events;
}

const std::string kDrifts =
    "SELECT concat_ws(' ', repo, state, opened_version, resolved_version, previous_version, "
    "violations_total, "
    "violations->0->>'id', violations->0->'files'->>0, severity) FROM plumbline.drifts ORDER BY opened_at";

TEST_F(DriftTest, TheRealHistoryHasTwoDrifts) {
  for (const std::string& event : real_reports()) put({event});
  drain();
  EXPECT_EQ(text(kDrifts),
            "rxjs resolved 7.3.0 7.5.0 7.2.0 1 ARCH_BOUNDARY src/internal/util/noop.ts high\n"
            "rxjs resolved 7.8.0 7.8.1 7.6.0 1 ARCH_BOUNDARY src/internal/util/noop.ts high");
  EXPECT_EQ(told(), "drift.opened 7.3.0\ndrift.resolved 7.5.0\ndrift.opened 7.8.0\ndrift.resolved 7.8.1");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events"), 4);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events WHERE repo = 'rxjs-strict'"), 0);
  EXPECT_EQ(number("SELECT count(DISTINCT incident_id) FROM plumbline.drifts"), 2);
  EXPECT_EQ(published("type"),
            (std::vector<std::string>{"drift.opened", "drift.resolved", "drift.opened", "drift.resolved"}));
  EXPECT_EQ(
      text("SELECT body::jsonb->>'summary' FROM plumbline.drift_events ORDER BY seq LIMIT 2"),
      "rxjs drifted at 7.3.0: Architectural Violation in src/internal/util/noop.ts, after it had passed for "
      "3 d\nrxjs is back within its layers at 7.5.0 after 2 d");
}

TEST_F(DriftTest, AShuffledAndDoubledReplayChangesNothingAndSendsNothing) {
  std::vector<std::string> events = real_reports();
  for (const std::string& event : events) put({event});
  auto one = role();
  drain(*one);
  const std::string before = history();
  const std::size_t sent = log_.all("drift.v1").size();
  events.insert(events.end(), events.begin(), events.end());
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::shuffle(events.begin(), events.end(), std::mt19937(seed));
  for (const std::string& event : events) put({event});
  drain(*one);
  EXPECT_EQ(history(), before);
  EXPECT_EQ(log_.all("drift.v1").size(), sent);

  // The log read again from its beginning.
  ASSERT_TRUE(super_.execute("UPDATE plumbline.positions SET next_offset = 0"));
  one.reset();
  drain();
  EXPECT_EQ(history(), before);
  EXPECT_EQ(log_.all("drift.v1").size(), sent);
}

TEST_F(DriftTest, AnyOrderEndsInTheTablesOfTheSortedInput) {
  const std::vector<std::string> events = real_reports();
  for (const std::string& event : events) put({event});
  drain();
  const std::string sorted = history();
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(
        super_.execute("TRUNCATE plumbline.drifts, plumbline.drift_reports, plumbline.drift_streams, "
                       "plumbline.drift_events"));
    std::vector<std::string> shuffled = events;
    shuffled.insert(shuffled.end(), events.begin(), events.begin() + 7);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    auto one = role();
    for (const std::string& event : shuffled) {
      put({event});
      if (random() % 3 == 0) (void)require(one->step());
      if (random() % 7 == 0) one = role();  // another process takes over
    }
    drain(*one);
    EXPECT_EQ(history(), sorted);
  }
}

// No edge writes such a frame; the lines count all the same.
TEST_F(DriftTest, AFrameWithFewerSummariesThanLinesIsReadWhole) {
  const std::vector<std::string> lines = {gate(1, 1), gate(2, 2, "FAIL", "a.ts"), gate(3, 3)};
  for (const std::string& summary : {summaries_of({lines[0]}), std::string("2\tof another layout")}) {
    FrameOptions frame;
    frame.topic = "reports.v1";
    frame.stream = "app";
    frame.received_at = "2026-11-10T09:10:00.000000Z";
    frame.seq = seq_++;
    frame.summary = summary;
    log_.put(frame.topic, 0, frame_of(frame, lines));
    drain();
    EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_history"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM plumbline.drifts WHERE state = 'resolved'"), 1);
    require(
        super_.execute("DELETE FROM plumbline.drifts; DELETE FROM plumbline.drift_reports; DELETE FROM "
                       "plumbline.drift_events; DELETE FROM plumbline.drift_streams"));
  }
}

TEST_F(DriftTest, ErrorAndSkipChangeNothing) {
  report(1, 1);
  report(2, 2, "ERROR", "a.ts");
  report(3, 3, "SKIP", "a.ts");
  report(4, 4);
  drain();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_events"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drift_reports"), 2);
}

TEST_F(DriftTest, AGateThatFailsOtherwiseIsNoDriftUntilALayerBreaks) {
  report(1, 1);
  report(2, 2, "FAIL");
  report(3, 3, "FAIL");
  report(4, 4);
  report(5, 5, "FAIL");
  report(6, 6, "FAIL", "a.ts");
  report(7, 7, "FAIL", "b.ts");
  report(8, 8, "FAIL");
  report(9, 9);
  drain();
  EXPECT_EQ(
      told(),
      "gate.failed 2\ngate.recovered 4\ngate.failed 5\ndrift.opened 6\ndrift.updated 7\ndrift.resolved 9");
  EXPECT_EQ(text(kDrifts), "app resolved 6 9 4 2 ARCH_BOUNDARY a.ts high");
}

TEST_F(DriftTest, WhatPostgresRefusesIsADeadLetterAndTheRestGoesOn) {
  require(super_.execute(
      "ALTER TABLE plumbline.drift_reports ADD CHECK (version IS DISTINCT FROM '4'), ADD CHECK (version IS "
      "DISTINCT FROM '6')"));
  put({gate(1, 1), gate(2, 2, "FAIL", "a.ts"), gate(3, 3), gate(4, 4, "FAIL", "b.ts"), gate(5, 5)});
  put({gate(6, 6, "FAIL", "c.ts")});
  report(7, 7);
  drain();
  EXPECT_EQ(
      text("SELECT concat_ws(' ', consumer, reason, log_offset, log_index, body::jsonb->>'version') FROM "
           "plumbline.dead_letters ORDER BY log_offset"),
      "drift sql_23514 0 3 4\ndrift sql_23514 1 0 6");
  EXPECT_EQ(text("SELECT version FROM plumbline.drift_history ORDER BY time"), "1\n2\n3\n5\n7");
  EXPECT_EQ(told(), "drift.opened 2\ndrift.resolved 3");
}

TEST_F(DriftTest, FlappingIsOneIncident) {
  report(1, 0);
  report(2, 10, "FAIL", "a.ts");
  report(3, 20);
  report(4, 79, "FAIL", "a.ts");
  report(5, 90);
  report(6, 151, "FAIL", "a.ts");
  drain();
  EXPECT_EQ(text("SELECT (incident_id = first_value(incident_id) OVER (ORDER BY opened_at))::text FROM "
                 "plumbline.drifts ORDER BY opened_at"),
            "true\ntrue\nfalse");
}

TEST_F(DriftTest, WhatALateReportRevealsIsRecordedOnly) {
  report(1, 1);
  report(3, 3);
  auto one = role();
  drain(*one);
  report(2, 2, "FAIL", "a.ts");
  drain(*one);
  EXPECT_EQ(text(kDrifts), "app resolved 2 3 1 1 ARCH_BOUNDARY a.ts high");
  EXPECT_EQ(told(), "");
  EXPECT_EQ(text("SELECT type || ' ' || late FROM plumbline.drift_events ORDER BY seq"),
            "drift.opened true\ndrift.resolved true");
}

TEST_F(DriftTest, AnAnnouncedDriftThatBeganEarlierKeepsItsMessage) {
  report(1, 1);
  report(3, 3, "FAIL", "a.ts");
  auto one = role();
  drain(*one);
  const std::string announced = published("drift_id").back();
  report(2, 2, "FAIL", "a.ts");
  drain(*one);
  EXPECT_EQ(text(kDrifts), "app open 2 1 1 ARCH_BOUNDARY a.ts high");
  EXPECT_EQ(text("SELECT type FROM plumbline.drift_events WHERE withdrawn_at IS NOT NULL"), "drift.opened");
  report(4, 4);
  drain(*one);
  EXPECT_EQ(told(), "drift.opened 3\ndrift.resolved 4");
  EXPECT_EQ(published("drift_id").back(), announced);
}

TEST_F(DriftTest, AnAnnouncedDriftThatALateReportEndsIsToldToBeOver) {
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  report(4, 4, "FAIL");
  auto one = role();
  drain(*one);
  report(3, 3);
  drain(*one);
  EXPECT_EQ(text(kDrifts), "app resolved 2 3 1 1 ARCH_BOUNDARY a.ts high");
  EXPECT_EQ(told(), "drift.opened 2\ndrift.resolved 3");
}

TEST_F(DriftTest, OldReportsAreRecordedOnly) {
  options_.notify_age_max = 60s;
  const std::string pass = gate(1, 1);
  const std::string fail = gate(2, 2, "FAIL", "a.ts");
  put({pass, fail, gate(9, 9)});  // received seven minutes later
  drain();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.drifts WHERE state = 'resolved'"), 1);
  EXPECT_EQ(told(), "");
}

TEST_F(DriftTest, ATenantsMatchersDecide) {
  ASSERT_TRUE(super_.execute("INSERT INTO plumbline.tenants (id, slug, name) VALUES ('" +
                             uuid_of(1).to_string() + "', 'acme', 'Acme')"));
  ASSERT_TRUE(super_.execute("INSERT INTO plumbline.drift_matchers VALUES ('" + uuid_of(1).to_string() +
                             "', '{FILE-*}', '{}')"));
  report(1, 1);
  report(2, 2, "FAIL", "a.ts");
  report(3, 3, "FAIL");
  auto one = role();
  drain(*one);
  EXPECT_EQ(told(), "gate.failed 2\ndrift.opened 3");
  ASSERT_TRUE(super_.execute("DELETE FROM plumbline.drift_matchers"));
  clock_.advance(6s);
  report(4, 4, "FAIL", "b.ts");  // folded by the old ones, stored by the new
  drain(*one);
  EXPECT_EQ(told(), "gate.failed 2\ndrift.opened 3\ndrift.updated 4");
}

}  // namespace
}  // namespace plumbline::tests
