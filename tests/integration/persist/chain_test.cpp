// Verdicts on hash chains are a function of the set of links: no order of arrival and no split into batches
// changes them.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "sinks/postgres/trace_store.h"
#include "sinks/postgres/transaction.h"
#include "tests/integration/persist/rows.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using postgres::ChainLink;
using postgres::TraceRow;

std::array<std::uint8_t, 32> hash_of(int number) {
  std::array<std::uint8_t, 32> hash{};
  hash[0] = static_cast<std::uint8_t>(number >> 8);
  hash[1] = static_cast<std::uint8_t>(number);
  hash[31] = 1;
  return hash;
}

// Entry `number` of a chain whose entry 1 is its start.
TraceRow entry(int number, int previous, char content = 'u') {
  TraceRow row = trace(number, number);
  row.link = ChainLink{hash_of(number), hash_of(previous), previous == 0, content};
  return row;
}

std::vector<TraceRow> chain(int length) {
  std::vector<TraceRow> rows;
  for (int n = 1; n <= length; ++n) rows.push_back(entry(n, n - 1));
  return rows;
}

struct Verdict {
  std::string word;
  std::int64_t entries = 0, chains = 0, gaps = 0, breaks = 0, forks = 0;
  bool operator==(const Verdict&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Verdict& v) {
  return out << v.word << " entries " << v.entries << " chains " << v.chains << " gaps " << v.gaps
             << " breaks " << v.breaks << " forks " << v.forks;
}

class ChainTest : public testing::Test {
 protected:
  ChainTest()
      : writer_(database_.connect("plumbline_writer")), reader_(database_.connect("plumbline_reader")) {
    require(store_.prepare_session(writer_));
    require(reader_.query("SELECT set_config('plumbline.tenant', $1, false)", {uuid_of(1).to_string()}));
  }
  // In batches of random sizes; addresses follow the order of arrival.
  void arrive(std::vector<TraceRow> rows, std::mt19937& random) {
    for (std::size_t begin = 0; begin < rows.size();) {
      const std::size_t end = std::min(rows.size(), begin + 1 + random() % 7);
      postgres::TraceRows batch;
      std::vector<std::uint32_t> chosen;
      for (std::size_t i = begin; i < end; ++i) {
        rows[i].address.offset = offset_++;
        batch.add(rows[i]);
        chosen.push_back(static_cast<std::uint32_t>(i - begin));
      }
      std::vector<StoreOutcome> outcome(chosen.size());
      require(store_.ensure_day(writer_, noon()));
      require(
          postgres::in_transaction(writer_, [&] { return store_.store(writer_, batch, chosen, outcome); }));
      begin = end;
    }
  }
  Verdict verdict() {
    auto row = require(
        reader_.query("SELECT verdict, entries, chains, gaps, breaks, forks FROM plumbline.chain_verdicts"));
    if (row.size() != 1) return {"rows: " + std::to_string(row.size())};
    return {std::string(row.text(0, 0)), row.integer(0, 1), row.integer(0, 2),
            row.integer(0, 3),           row.integer(0, 4), row.integer(0, 5)};
  }
  void clear() {
    require(database_.superuser().execute(
        "TRUNCATE plumbline.traces, plumbline.chain_chunks, plumbline.chain_conflicts"));
  }
  // In eight random orders.
  void expect(const std::vector<TraceRow>& rows, const Verdict& wanted) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
      std::mt19937 random(seed);
      auto shuffled = rows;
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      arrive(shuffled, random);
      EXPECT_EQ(verdict(), wanted) << "seed " << seed;
      clear();
    }
  }

  TestDatabase database_;
  pg::Connection writer_;
  pg::Connection reader_;
  postgres::TraceStore store_;
  std::int64_t offset_ = 0;
};

TEST_F(ChainTest, WholeChain) {
  expect(chain(30), {"ok", 30, 1, 0, 0, 0});
}

TEST_F(ChainTest, TwoChainsOfOneAgentAfterARotation) {
  auto rows = chain(20);
  rows[10].link->start = true;
  expect(rows, {"ok", 20, 2, 0, 0, 0});
}

TEST_F(ChainTest, ARemovedEntryIsAGap) {
  auto rows = chain(20);
  rows.erase(rows.begin() + 7);
  expect(rows, {"gap", 19, 1, 1, 0, 0});
}

TEST_F(ChainTest, TheRemovedStartIsAGap) {
  auto rows = chain(20);
  rows.erase(rows.begin());
  expect(rows, {"gap", 19, 0, 1, 0, 0});
}

TEST_F(ChainTest, AMissingTailIsNotSeenHere) {
  auto rows = chain(20);
  rows.pop_back();
  expect(rows, {"ok", 19, 1, 0, 0, 0});
}

TEST_F(ChainTest, ContentThatIsNotTheHashsIsABreak) {
  auto rows = chain(20);
  rows[4].link->content = 'b';
  expect(rows, {"broken", 20, 1, 0, 1, 0});
}

TEST_F(ChainTest, TwoContentsUnderOneHashAreABreakThoughOneIsOnlyAConflict) {
  auto rows = chain(20);
  rows.push_back(with_content(rows[4], 0, "{\"changed\":true}"));
  rows.back().digest = uuid_of(123456);
  expect(rows, {"broken", 20, 1, 0, 1, 0});
}

TEST_F(ChainTest, TwoSpellingsOfOneVerifiedContentAreNone) {
  auto rows = chain(20);
  rows[4].link->content = 'o';
  rows.push_back(with_content(rows[4], 0, "{\"spaced\": true}"));
  rows.back().digest = uuid_of(123456);
  expect(rows, {"ok", 20, 1, 0, 0, 0});
}

TEST_F(ChainTest, TwoChildrenAreAFork) {
  auto rows = chain(20);
  rows.push_back(entry(100, 10));
  rows.push_back(entry(101, 100));
  expect(rows, {"forked", 22, 1, 0, 0, 1});
}

TEST_F(ChainTest, AnAnchorOfRetentionClosesTheGap) {
  auto rows = chain(20);
  rows.erase(rows.begin(), rows.begin() + 5);
  std::mt19937 random(1);
  arrive(rows, random);
  EXPECT_EQ(verdict().gaps, 1);
  require(
      database_.superuser().query("INSERT INTO plumbline.chain_anchors (tenant_id, agent, hash, entries, "
                                  "reason) SELECT tenant_id, agent, missing_hash, 5, "
                                  "'retention' FROM plumbline.chain_gaps"));
  EXPECT_EQ(verdict().word, "ok");
}

TEST_F(ChainTest, AgentsAndTenantsHaveTheirOwn) {
  auto rows = chain(5);
  for (TraceRow row : chain(4)) {
    row.agent = "other";
    row.key.id = uuid_of(70000 + static_cast<int>(row.address.offset));
    rows.push_back(row);
  }
  for (TraceRow row : chain(3)) {
    row.key.tenant = {uuid_of(2)};
    rows.push_back(row);
  }
  std::mt19937 random(3);
  arrive(rows, random);
  auto seen =
      require(reader_.query("SELECT agent, entries, verdict FROM plumbline.chain_verdicts ORDER BY agent"));
  ASSERT_EQ(seen.size(), 2);
  EXPECT_EQ(seen.integer(0, 1), 5);
  EXPECT_EQ(seen.integer(1, 1), 4);
}

}  // namespace
}  // namespace plumbline::tests
