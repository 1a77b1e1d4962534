// persist: real input, every outcome once, replay harmless.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "core/codec/records.h"
#include "tests/integration/persist/persist_fixture.h"

namespace plumbline::tests {
namespace {

TEST_F(PersistTest, AllRealInputArrivesAndASecondPushIsAllDuplicates) {
  push_real(501);
  drain();
  EXPECT_EQ(ledger(), "391 0 0 0");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 371);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.reports"), 20);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.violations"), 453);
  EXPECT_EQ(
      text(
          "SELECT string_agg(concat_ws(' ', agent, entries, verified, chains, verdict), ', ' ORDER BY agent) "
          "FROM plumbline.chain_verdicts"),
      "agent-0 154 154 1 ok, agent-1 103 103 1 ok, agent-2 114 114 1 ok");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.decisions WHERE action_type IS NOT NULL AND data->>'hash' "
                   "IS NOT NULL"),
            371);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.reports WHERE status = 'FAIL'"),
            number("SELECT count(DISTINCT report_id) FROM plumbline.gate_results WHERE status = 'FAIL'"));
  push_real(502);
  drain();
  EXPECT_EQ(ledger(), "391 391 0 0");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 371);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.violations"), 453);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.log_holes"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.dead_letters"), 0);
}

TEST_F(PersistTest, ReplayFromTheStartChangesNoTableAndSendsNothing) {
  push_real(501);
  push_real(502);
  put({.seq = 4}, {"not json", decision_event("agent-0", entries_[0], uuid_of(4))});
  drain();
  const std::string before = all_tables(super_);
  const std::size_t published = log_.all("dead.v1").size();
  EXPECT_EQ(published, 1U);
  require(super_.execute("UPDATE plumbline.positions SET next_offset = 0"));
  drain();
  EXPECT_EQ(all_tables(super_), before);
  EXPECT_EQ(log_.all("dead.v1").size(), published);
}

TEST_F(PersistTest, PoisonPutByHandGoesToTheDeadLettersOnceAndThePartitionGoesOn) {
  put({}, {"{\"half\":"});
  put({.seq = 1}, {decision_event("agent-0", entries_[0])});
  StoredRecord headless;
  headless.value = std::string("\xff\x00 binary", 9);
  log_.put("traces.v1", 0, headless);
  put({.seq = 2}, {decision_event("agent-0", entries_[1]), "{}", decision_event("agent-0", entries_[2])});
  drain();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 3);
  EXPECT_EQ(ledger(), "3 0 0 2");
  EXPECT_EQ(text("SELECT string_agg(concat_ws('/', log_offset, log_index, reason, tenant_id IS NULL), ' ' "
                 "ORDER BY log_offset) "
                 "FROM plumbline.dead_letters"),
            "0/0/invalid_json/f 2/-1/bad_frame/t 3/1/schema/f");
  EXPECT_EQ(text("SELECT body FROM plumbline.dead_letters WHERE log_offset = 2").substr(0, 7), "base64:");
  const auto published = log_.all("dead.v1");
  ASSERT_EQ(published.size(), 3U);
  for (const StoredRecord& record : published)
    EXPECT_TRUE(codec::decode_dead_record(record.value)) << record.value;
  require(super_.execute("UPDATE plumbline.positions SET next_offset = 0"));
  drain();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.dead_letters"), 3);
  EXPECT_EQ(log_.all("dead.v1").size(), 3U);
}

TEST_F(PersistTest, AChangedEntryIsAConflictAndItsChainIsBroken) {
  std::string changed = entries_[3];
  changed.replace(changed.find("\"risk_score\": ") + 14, 1, "9");
  put({}, {decision_event("agent-0", entries_[3]), decision_event("agent-0", changed)});
  drain();
  EXPECT_EQ(ledger(), "1 0 1 0");
  EXPECT_EQ(text("SELECT reason FROM plumbline.dead_letters"), "conflict");
  EXPECT_EQ(log_.all("dead.v1").size(), 1U);
  EXPECT_EQ(text("SELECT verdict FROM plumbline.chain_verdicts"), "broken");
}

TEST_F(PersistTest, WhatOnlyPostgresRefusesIsIsolated) {
  require(
      super_.execute("ALTER TABLE plumbline.traces ADD CONSTRAINT no_evil CHECK (agent <> 'evil');"
                     "ALTER TABLE plumbline.reports ADD CONSTRAINT no_strict CHECK (repo <> 'rxjs-strict')"));
  std::vector<std::string> events;
  for (std::size_t i = 0; i < 50; ++i)
    events.push_back(decision_event(i % 17 == 3 ? "evil" : "agent-0", entries_[i]));
  put({}, events);
  FrameOptions reports{.topic = "reports.v1"};
  for (const std::string& line : lines_of("rigour-reports.ndjson")) {
    put(reports, {report_event(line)});
    ++reports.seq;
  }
  drain();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 47);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.reports"), 10);
  EXPECT_EQ(ledger(), "57 0 0 13");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.dead_letters WHERE reason = 'sql_23514'"), 13);
}

// As an operator makes room (docs/operations.md), beside a persist that remembers which days it has made.
TEST_F(PersistTest, ADroppedDayIsMadeAnewForWhatComesLater) {
  const auto one = role();
  const auto store = [&](std::uint64_t seq) {
    put({.seq = seq}, {decision_event("agent-0", entries_[seq], uuid_of(static_cast<int>(seq)))});
    drain(*one);
  };
  store(0);
  require(super_.execute("DROP TABLE " + text("SELECT DISTINCT tableoid::regclass FROM plumbline.traces")));
  store(1);
  EXPECT_EQ(text("SELECT string_agg(log_offset::text, ' ') FROM plumbline.traces"), "1");
  EXPECT_EQ(ledger(), "2 0 0 0");
  EXPECT_EQ(text("SELECT verdict FROM plumbline.chain_verdicts"), "ok");
}

TEST_F(PersistTest, TimesOutOfBoundsAreDead) {
  std::string early = entries_[0], late = entries_[0];
  early.replace(early.find("2026-"), 4, "1999");
  late.replace(late.find("2026-"), 4, "2027");
  put({}, {decision_event("a", early, uuid_of(1)), decision_event("a", late, uuid_of(2)),
           decision_event("a", entries_[0], uuid_of(3))});
  // Within what the fold can tell from the receipt, yet outside of any partition that may be made.
  put({.seq = 1, .received_at = "1999-11-20T10:00:30.000000Z"}, {decision_event("a", early, uuid_of(4))});
  drain();
  EXPECT_EQ(text("SELECT string_agg(reason, ' ' ORDER BY log_offset, log_index) FROM plumbline.dead_letters"),
            "time_before_retention time_ahead time_out_of_range");
  EXPECT_EQ(ledger(), "1 0 0 3");
}

TEST_F(PersistTest, MissingFrameNumbersAreHoles) {
  for (const std::uint64_t seq : {0U, 1U, 4U, 3U, 5U, 9U})
    put({.seq = seq}, {decision_event("a", entries_[0], uuid_of(static_cast<int>(seq)))});
  put({.run = uuid_of(777), .seq = 2}, {decision_event("a", entries_[0], uuid_of(50))});
  options_.batch_records_max = 2;  // several batches: the numbering goes on from what was stored
  drain();
  EXPECT_EQ(text("SELECT string_agg(concat_ws('/', first_seq, frames), ' ' ORDER BY run_id, first_seq) FROM "
                 "plumbline.log_holes"),
            "2/2 6/3 0/2");
}

TEST_F(PersistTest, NothingIsCommittedWithoutItsDeadLetters) {
  log_.set_refusing(true);
  put({}, {"poison", decision_event("agent-0", entries_[0])});
  auto one = role();
  one->start();
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (one->healthy() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_FALSE(one->healthy());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 0);
  one->stop();
  log_.set_refusing(false);
  drain();
  EXPECT_EQ(ledger(), "1 0 0 1");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.dead_letters"), 1);
}

TEST_F(PersistTest, BothSidesOfTheLedgerBalance) {
  put({}, {decision_event("a", entries_[0]), decision_event("a", entries_[1])});
  codec::OutcomeRecord outcome;
  outcome.run = {uuid_of(501)};
  outcome.tenant = {uuid_of(1)};
  outcome.minute = *parse_rfc3339("2026-11-20T10:00:00Z");
  outcome.received = 4;
  outcome.accepted = 2;
  outcome.rejected["schema"] = 1;
  outcome.refused["rate_limited"] = 1;
  for (int copies = 0; copies < 2; ++copies) {
    StoredRecord record;
    record.key = codec::record_key(outcome);
    record.value = codec::encode(outcome);
    log_.put("outcomes.v1", copies, record);
  }
  drain();
  EXPECT_EQ(text("SELECT concat_ws(' ', received, accepted, rejected, refused, appended, stored, in_flight, "
                 "balanced) "
                 "FROM plumbline.ledger_balance"),
            "4 2 1 1 2 2 0 t");
}

TEST_F(PersistTest, DeadLettersOfOtherConsumersBecomeRowsAndBrokenOnesDoNotEcho) {
  codec::DeadRecord other;
  other.consumer = "health";
  other.topic = "traces.v1";
  other.offset = 12;
  other.reason = "schema";
  other.detail = "said";
  other.body = "{}";
  StoredRecord record, broken;
  record.value = codec::encode(other);
  broken.value = "{\"v\":1";
  for (int copies = 0; copies < 2; ++copies) log_.put("dead.v1", 0, record);
  log_.put("dead.v1", 0, broken);
  drain();
  EXPECT_EQ(text("SELECT string_agg(concat_ws('/', consumer, topic, log_offset), ' ' ORDER BY consumer) FROM "
                 "plumbline.dead_letters"),
            "health/traces.v1/12 persist/dead.v1/2");
  EXPECT_EQ(log_.all("dead.v1").size(), 3U);
}

TEST_F(PersistTest, KeysShowWhenTheyWereLastUsed) {
  put({}, {decision_event("a", entries_[0])});
  drain();
  EXPECT_EQ(text("SELECT key_id || ' ' || (last_used_at AT TIME ZONE 'UTC')::text FROM plumbline.key_usage"),
            "key_test 2026-11-20 10:00:30");
}

TEST_F(PersistTest, NothingIsWrittenOfAnErasedTenant) {
  require(super_.query(
      "INSERT INTO plumbline.tenants (id, slug, name, status) VALUES ($1::uuid, 'gone', 'gone', 'erased')",
      {uuid_of(2).to_string()}));
  put({.tenant = uuid_of(2)}, {decision_event("a", entries_[0]), "poison"});
  put({.seq = 1}, {decision_event("a", entries_[0])});
  drain();
  EXPECT_EQ(ledger(), "1 0 0 0");
  EXPECT_EQ(all_tables(super_).find(uuid_of(2).to_string()), std::string::npos);
}

}  // namespace
}  // namespace plumbline::tests
