// Histories of persist: any split into batches gives the same tables, and PostgreSQL may die at any moment.
#include <algorithm>
#include <map>
#include <random>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/persist/persist_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

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

// The first line of each that the other lacks; "" when the texts are equal.
std::string first_difference(std::string_view one, std::string_view other) {
  for (std::size_t begin = 0; begin < std::max(one.size(), other.size());) {
    const auto a = one.substr(std::min(begin, one.size()), one.find('\n', begin) - begin);
    const auto b = other.substr(std::min(begin, other.size()), other.find('\n', begin) - begin);
    if (a != b) return std::string(a) + "\n  where the first round has\n" + std::string(b);
    begin += a.size() + 1;
  }
  return "";
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
    EXPECT_EQ(first_difference(tables, first), "") << "round " << round;
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
  EXPECT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM plumbline.traces") == 120; }));
  one->stop();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 120);
  EXPECT_EQ(ledger(), "120 0 0 0");
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.log_holes"), 0);
}

}  // namespace
}  // namespace plumbline::tests
