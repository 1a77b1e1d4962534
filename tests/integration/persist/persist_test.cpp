// persist over a scripted log and a real PostgreSQL: real input, every outcome once, replay harmless, any
// split the same.
#include <random>

#include <gtest/gtest.h>

#include "consumers/persist/run.h"
#include "core/codec/records.h"
#include "tests/integration/persist/frames.h"
#include "tests/integration/persist/script_log.h"
#include "tests/integration/persist/tables.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

class PersistTest : public testing::Test {
 protected:
  PersistTest() : super_(database_.superuser()) {
    options_.poll_wait = 0ms;
    options_.backoff_max = 50ms;
    postgres_.url = database_.conninfo();
  }
  std::unique_ptr<persist::PersistRole> role() {
    return std::make_unique<persist::PersistRole>(options_, postgres_, log_, clock_, metrics_);
  }
  // Until nothing comes any more.
  void drain(persist::PersistRole& role) {
    while (require(role.step()) > 0) {
    }
  }
  void drain() {
    auto one = role();
    drain(*one);
  }
  std::int64_t put(const FrameOptions& frame, const std::vector<std::string>& lines,
                   std::int32_t partition = 0) {
    return log_.put(frame.topic, partition, frame_of(frame, lines));
  }
  // The frames of one push of all real input.
  void push_real(int run) {
    FrameOptions frame;
    frame.run = uuid_of(run);
    for (const std::string agent : {"agent-0", "agent-1", "agent-2"}) {
      std::vector<std::string> events;
      for (const std::string& entry : lines_of(agent + ".jsonl"))
        events.push_back(decision_event(agent, entry));
      frame.stream = agent;
      put(frame, events);
      ++frame.seq;
    }
    frame.topic = "reports.v1";
    frame.seq = 0;
    for (const std::string& line : lines_of("rigour-reports.ndjson")) {
      put(frame, {report_event(line)});
      ++frame.seq;
    }
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }
  std::string text(const std::string& sql) { return std::string(require(super_.query(sql)).text(0, 0)); }
  // stored, duplicate, conflict, dead
  std::string ledger() {
    return text(
        "SELECT concat_ws(' ', sum(stored), sum(duplicate), sum(conflict), sum(dead)) FROM plumbline.ledger");
  }

  TestDatabase database_;
  pg::Connection super_;
  ScriptLog log_;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  config::Persist options_;
  config::Postgres postgres_;
  std::vector<std::string> entries_ = lines_of("agent-0.jsonl");
};

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

// A soup of everything, in one partition so that the order is given, read in batches of random sizes.
std::vector<StoredRecord> soup(std::mt19937& random, const std::vector<std::string>& entries) {
  std::vector<StoredRecord> records;
  std::map<int, std::uint64_t> seqs;
  for (int n = 0; n < 60; ++n) {
    const int run = 501 + static_cast<int>(random() % 3);
    FrameOptions frame;
    frame.tenant = uuid_of(1 + static_cast<int>(random() % 3));
    frame.run = uuid_of(run);
    frame.received_at = "2026-11-20T10:0" + std::to_string(random() % 4) + ":30.000000Z";
    frame.seq = seqs[run]++;
    if (random() % 15 == 0) seqs[run] += 2;  // a hole
    std::vector<std::string> lines;
    for (auto left = 1 + random() % 5; left > 0; --left) {
      std::string entry = entries[random() % 25];
      const std::string agent = "agent-" + std::to_string(random() % 2);
      const auto id = crypto::decision_id(agent, text_member(entry, "hash")).value;
      if (random() % 5 == 0)
        entry.replace(entry.find("\"risk_score\": ") + 14, 1, "8");  // a conflict, sooner or later
      lines.push_back(random() % 20 == 0 ? "poison" : decision_event(agent, entry, id));
    }
    records.push_back(frame_of(frame, lines));
    if (random() % 20 == 0) records.back().headers.clear();
  }
  return records;
}

TEST_F(PersistTest, AnySplitIntoBatchesGivesTheSameTables) {
  std::random_device device;
  const unsigned seed = device();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto records = soup(random, entries_);
  std::string first;
  for (int round = 0; round < 6; ++round) {
    TestDatabase database;
    ScriptLog log;
    config::Postgres postgres;
    postgres.url = database.conninfo();
    config::Persist options = options_;
    options.batch_records_max = round == 0 ? 100000 : static_cast<std::int32_t>(1 + random() % 40);
    log.set_poll_records(round == 0 ? 0 : 1 + random() % 9);
    for (const StoredRecord& record : records) log.put("traces.v1", 0, record);
    // A new member now and then: nothing may hang on what one of them remembers.
    for (std::size_t done = 1; done > 0;) {
      persist::PersistRole one(options, postgres, log, clock_, metrics_);
      done = require(one.step());
      if (done > 0) done += require(one.step());
    }
    auto super = database.superuser();
    const std::string tables = all_tables(super);
    if (round == 0) first = tables;
    EXPECT_EQ(tables, first) << "round " << round;
    EXPECT_GT(tables.size(), 1000U);
  }
}

TEST_F(PersistTest, PostgresKilledAgainAndAgainWhileFramesArrive) {
  std::mt19937 random(11);
  options_.poll_wait = 5ms;
  auto one = role();
  one->start();
  std::size_t at = 0;
  for (int kill = 0; kill < 3; ++kill) {
    for (int frames = 0; frames < 40; ++frames, ++at) {
      put({.seq = at}, {decision_event("a", entries_[at % entries_.size()], uuid_of(static_cast<int>(at)))},
          0);
    }
    database_.cluster().kill9();
    database_.cluster().start();
    super_ = database_.superuser();
  }
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < deadline &&
         number("SELECT count(*) FROM plumbline.traces") < 120) {
    std::this_thread::sleep_for(5ms);  // asking PostgreSQL is the condition; this only spares it
  }
  one->stop();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 120);
  EXPECT_EQ(ledger(), "120 0 0 0");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.log_holes"), 0);
}

}  // namespace
}  // namespace plumbline::tests
