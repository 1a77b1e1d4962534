// Health's tables built anew from stored rows: right tables differ in nothing, a wrong row is shown and
// mended, and what health has not counted yet stays out.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/postgres/health_replay.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using testing::HasSubstr;

struct Replay : testing::Test {
  TestDatabase db;
  pg::Connection super = db.superuser();
  pg::Connection server = db.connect();
  postgres::Tenant tenant;
  postgres::ReplayOptions options{
      .from = "2001-01-01", .shown_max = 100, .patience = std::chrono::milliseconds(0)};

  void SetUp() override {
    auto control = db.connect("plumbline_control");
    tenant = require(postgres::TenantStore(control, "test").create("acme", {}));
    for (const char* day : {"0", "1"})
      run(std::string("SELECT plumbline.ensure_partition((now() AT TIME ZONE 'UTC')::date - ") + day + ")");
    // 200 reports of 4 repositories at offsets 0..199 of reports.v1/0, 300 traces of traces.v1/1, within a
    // day.
    run("INSERT INTO plumbline.reports (tenant_id, time, id, digest, received_at, log_offset, log_partition, "
        "log_index, topic, agent, repo, branch, status, score, duration_ms, violations, payload) SELECT '" +
        id() +
        "', now() - i * interval '5 minutes', md5(i::text)::uuid, md5(i::text)::uuid, now(), i, 0, 0, 2, "
        "'ci', "
        "nullif('repo-' || i % 4, 'repo-3'), 'main', (ARRAY['PASS', 'FAIL', 'SKIP', 'ERROR'])[i % 4 + 1], "
        "100 - i "
        "* 0.3337, i * 1000.5, i % 3, '{}' FROM generate_series(0, 199) i");
    run("INSERT INTO plumbline.violations (tenant_id, time, report_id, ordinal, files, repo, gate, severity) "
        "SELECT "
        "tenant_id, time, id, v, 1, repo, 'gate-' || v, 'low' FROM plumbline.reports, generate_series(0, 1) "
        "v WHERE "
        "v < violations");
    run("INSERT INTO plumbline.traces (time, tenant_id, id, digest, received_at, log_offset, log_partition, "
        "log_index, topic, risk_score, kind, agent, action_type, risk_category, policy_hash, "
        "matched_rule_id, payload) "
        "SELECT now() - i * interval '4 minutes', '" +
        id() +
        "', md5(i::text)::uuid, md5(i::text)::uuid, now(), i, 1, 0, 1, CASE WHEN i % 3 = 0 THEN i % 101 END, "
        "(ARRAY['decision', 'session', 'span'])[i % 3 + 1], 'agent-' || i % 2, CASE WHEN i % 3 = 0 THEN "
        "'require_human' END, 'high', 'p1', nullif('rule-' || i % 2, 'rule-1'), "
        "'{\"data\":{\"event\":\"start\",\"duration_us\":2500.5}}' FROM generate_series(0, 299) i");
    position("health", "reports.v1", 0, 200);
    position("persist", "reports.v1", 0, 200);
    position("health", "traces.v1", 1, 300);
    position("persist", "traces.v1", 1, 350);
  }
  [[nodiscard]] std::string id() const { return tenant.id.value.to_string(); }
  void run(const std::string& sql) {
    const auto done = super.query(sql);
    ASSERT_TRUE(done.ok()) << sql << "\n" << done.error().message;
  }
  void position(const std::string& consumer, const std::string& topic, int partition, int next) {
    run("INSERT INTO plumbline.positions (consumer, topic, partition, incarnation, next_offset, "
        "counted_offset, "
        "epoch, received_at) VALUES ('" +
        consumer + "', '" + topic + "', " + std::to_string(partition) + ", 'one', " + std::to_string(next) +
        ", " + std::to_string(next) +
        ", 1, now()) ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = "
        "excluded.next_offset");
  }
  postgres::HealthComparison compare() { return require(postgres::compare_health(server, tenant, options)); }
  std::int64_t swap() { return require(postgres::swap_health(server, std::span(&tenant, 1), options)); }
  std::string value(const std::string& sql) {
    auto rows = require(super.query(sql));
    return rows.size() == 0 ? "" : std::string(rows.text(0, 0));
  }
};

TEST_F(Replay, EmptyTablesAreFilledAndThenNothingDiffers) {
  const auto before = compare();
  EXPECT_GT(before.rows, 100);
  EXPECT_EQ(before.differing, before.rows);
  EXPECT_EQ(before.shown.size(), 100u);
  EXPECT_EQ(value("SELECT count(*) FROM plumbline.health_repo_hours"), "0") << "comparing changes nothing";
  EXPECT_EQ(swap(), before.rows);
  EXPECT_EQ(compare().differing, 0);
  EXPECT_EQ(swap(), 0);
  EXPECT_EQ(value("SELECT sum(runs) FROM plumbline.health_repo_hours"), "200");
  EXPECT_EQ(
      value("SELECT sum(duration_h0 + duration_h1 + duration_h2 + duration_h3 + duration_h4 + duration_h5 + "
            "duration_h6 + duration_h7 + duration_h8 + duration_h9) FROM plumbline.health_repo_hours"),
      "200");
  EXPECT_EQ(value("SELECT sum(failures) FROM plumbline.health_repo_failures"),
            value("SELECT count(*) FROM plumbline.violations"));
  EXPECT_EQ(value("SELECT sum(decisions) FROM plumbline.health_agent_policies"), "100");
  EXPECT_EQ(value("SELECT sum(session_starts) FROM plumbline.health_agent_hours"), "100");
  EXPECT_EQ(value("SELECT sum(latency_us) FROM plumbline.health_agent_hours"), "250000")
      << "halves go to even";
}

TEST_F(Replay, AWrongRowIsShownAndMended) {
  swap();
  const std::string right = value("SELECT sum(passes) FROM plumbline.health_repo_hours");
  run("UPDATE plumbline.health_repo_hours SET passes = passes + 7 WHERE (repo, hour) = (SELECT repo, hour "
      "FROM "
      "plumbline.health_repo_hours ORDER BY hour, repo LIMIT 1)");
  run("UPDATE plumbline.health_repo_latest SET status = 'PASS', time = now() + interval '1 hour' WHERE repo "
      "= "
      "'repo-1'");
  run("DELETE FROM plumbline.health_agent_latest WHERE agent = 'agent-1'");
  run("INSERT INTO plumbline.health_agent_decisions (tenant_id, hour, agent, policy_hash, rule, action_type, "
      "decisions) VALUES ('" +
      id() + "', date_trunc('hour', now()), 'nobody', '', '', '', 3)");
  const auto found = compare();
  EXPECT_EQ(found.differing, 4);
  std::string all;
  for (const auto& each : found.shown) all += each.table + " " + each.key + ": " + each.what + "\n";
  EXPECT_THAT(all, HasSubstr("passes "));
  EXPECT_THAT(all, HasSubstr("status PASS -> FAIL"));
  EXPECT_THAT(all, HasSubstr("health_agent_latest agent=agent-1: missing "));
  EXPECT_THAT(all, HasSubstr("agent=nobody"));
  EXPECT_EQ(swap(), 4);
  EXPECT_EQ(compare().differing, 0);
  EXPECT_EQ(value("SELECT sum(passes) FROM plumbline.health_repo_hours"), right);
}

TEST_F(Replay, WhatHealthHasNotCountedStaysOut) {
  position("health", "reports.v1", 0, 150);
  run("INSERT INTO plumbline.health_pending (topic, log_partition, log_offset, log_index, tenant_id, time, "
      "id, line) "
      "SELECT topic, log_partition, log_offset, log_index, tenant_id, time, id, payload FROM "
      "plumbline.reports WHERE "
      "log_offset = 149");
  swap();
  EXPECT_EQ(value("SELECT sum(runs) FROM plumbline.health_repo_hours"), "149");
  EXPECT_EQ(compare().differing, 0);
  // Health goes on: it adds to the rows that were swapped in.
  position("health", "reports.v1", 0, 200);
  EXPECT_GT(compare().differing, 0);
}

TEST_F(Replay, WaitsForPersist) {
  position("persist", "reports.v1", 0, 199);
  EXPECT_EQ(postgres::compare_health(server, tenant, options).error().code, "persist_behind");
  EXPECT_EQ(postgres::swap_health(server, std::span(&tenant, 1), options).error().code, "persist_behind");
  EXPECT_EQ(value("SELECT count(*) FROM plumbline.health_repo_hours"), "0");
}

TEST_F(Replay, BeginsWhereItIsTold) {
  swap();
  run("UPDATE plumbline.health_repo_hours SET passes = passes + 1");
  options.from = value("SELECT now() - interval '3 hours'");
  const auto found = compare();
  EXPECT_GT(found.differing, 0);
  EXPECT_EQ(std::to_string(found.differing), value("SELECT count(*) FROM plumbline.health_repo_hours WHERE "
                                                   "hour >= date_trunc('hour', now() - interval "
                                                   "'3 hours')"));
  options.from = "yesterdayish";
  EXPECT_EQ(postgres::compare_health(server, tenant, options).error().code, "bad_time");
}

// Readers see the old rows until all new ones are there, and are never kept waiting.
TEST_F(Replay, ReadersGoOnWhileItSwaps) {
  swap();
  run("UPDATE plumbline.health_repo_hours SET passes = passes + 1");
  auto reader = db.superuser();
  ASSERT_TRUE(
      reader.execute("BEGIN; SET LOCAL lock_timeout = '5s'; SELECT count(*) FROM plumbline.health_repo_hours")
          .ok());
  EXPECT_GT(swap(), 0) << "an open reader does not keep it waiting";
  EXPECT_TRUE(reader.execute("SELECT count(*) FROM plumbline.health_repo_hours; COMMIT").ok());
  EXPECT_EQ(compare().differing, 0);
}

}  // namespace
}  // namespace plumbline::tests
