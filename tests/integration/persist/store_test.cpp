// TraceStore and report_store against a real PostgreSQL: every row's fate, whatever the batches.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "sinks/postgres/report_store.h"
#include "sinks/postgres/trace_store.h"
#include "sinks/postgres/transaction.h"
#include "tests/integration/persist/rows.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using postgres::TraceRow;
using postgres::TraceRows;
using postgres::TraceStore;

class StoreTest : public testing::Test {
 protected:
  StoreTest() : writer_(database_.connect("plumbline_writer")), super_(database_.superuser()) {
    require(store_.prepare_session(writer_));
  }

  // One transaction; the outcomes in order.
  std::vector<StoreOutcome> store(const std::vector<TraceRow>& rows) {
    TraceRows batch;
    std::vector<std::uint32_t> chosen;
    for (const TraceRow& row : rows) {
      batch.add(row);
      chosen.push_back(static_cast<std::uint32_t>(chosen.size()));
      require(store_.ensure_day(writer_, row.key.time));
    }
    std::vector<StoreOutcome> outcome(rows.size(), StoreOutcome::kDead);
    require(postgres::in_transaction(writer_, [&] { return store_.store(writer_, batch, chosen, outcome); }));
    return outcome;
  }
  std::int64_t number(const std::string& sql) { return require(super_.query(sql)).integer(0, 0); }

  TestDatabase database_;
  pg::Connection writer_;
  pg::Connection super_;
  TraceStore store_;
};

constexpr auto kStored = StoreOutcome::kStored;
constexpr auto kDuplicate = StoreOutcome::kDuplicate;
constexpr auto kConflict = StoreOutcome::kConflict;

TEST_F(StoreTest, StoresTellsDuplicatesFromConflictsAndKnowsAReplay) {
  const TraceRow first = trace(1, 0), second = trace(2, 1);
  EXPECT_EQ(store({first, second}), (std::vector{kStored, kStored}));
  EXPECT_EQ(store({first, second}), (std::vector{kStored, kStored})) << "the same addresses: a replay";
  EXPECT_EQ(store({moved(first, 7), with_content(second, 8, "{\"other\":1}")}),
            (std::vector{kDuplicate, kConflict}));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 2);
}

TEST_F(StoreTest, WithinABatchTheFirstToArriveWins) {
  const TraceRow row = trace(1, 5);
  EXPECT_EQ(store({row, moved(row, 6), with_content(row, 7, "{}"), trace(2, 8)}),
            (std::vector{kStored, kDuplicate, kConflict, kStored}));
  // Against an earlier holder everything in the batch is compared with that one.
  EXPECT_EQ(store({with_content(row, 9, "{}"), moved(row, 10)}), (std::vector{kConflict, kDuplicate}));
}

// Long payloads make a batch of several statements: all of it counts or none, whichever of them meets a row
// that is there.
TEST_F(StoreTest, ABatchOfManyStatementsIsStoredWholeOrAskedFor) {
  const std::string payload = "{\"pad\":\"" + std::string(700'000, 'x') + "\"}";
  std::vector<TraceRow> rows;
  for (int n = 0; n < 10; ++n) rows.push_back(with_content(trace(n, n), n, payload));
  EXPECT_EQ(store({moved(rows[9], 100)}), std::vector{kStored});
  std::vector<StoreOutcome> expected(10, kStored);
  expected[9] = kDuplicate;  // in the last statement: the rows of the first had gone in
  EXPECT_EQ(store(rows), expected);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 10);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces WHERE log_offset = 9"), 0);
  std::vector<TraceRow> more;
  for (int n = 10; n < 20; ++n) more.push_back(with_content(trace(n, n), n, payload));
  EXPECT_EQ(store(more), std::vector<StoreOutcome>(10, kStored))
      << "by asking, after a batch that was not new";
  more.clear();
  for (int n = 20; n < 30; ++n) more.push_back(with_content(trace(n, n), n, payload));
  EXPECT_EQ(store(more), std::vector<StoreOutcome>(10, kStored)) << "without asking again";
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 30);
}

// A short row may go back onto an earlier page that has room, so a scan of the stage is not in the order
// laid out: a short resend must not overtake the long first.
TEST_F(StoreTest, AShortResendLaidOntoAnEarlierPageDoesNotWin) {
  std::vector<std::string> payloads;
  for (std::size_t n = 0; n < 2000; ++n)
    payloads.push_back("{\"pad\":\"" + std::string(n * 7919 % 1500, 'x') + "\"}");
  std::vector<TraceRow> rows;
  std::vector<StoreOutcome> expected;
  for (int n = 0; n < 2000; ++n) {
    rows.push_back(with_content(trace(n / 2, n), n, payloads[static_cast<std::size_t>(n)]));
    expected.push_back(n % 2 == 0 ? kStored : kConflict);
  }
  EXPECT_EQ(store(rows), expected);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces WHERE log_offset % 2 = 1"), 0);
}

TEST_F(StoreTest, TheIdentityIsTenantIdAndTime) {
  TraceRow row = trace(1, 0), later = moved(row, 1), other = moved(row, 2);
  later.key.time.value += 1;
  other.key.tenant = {uuid_of(99)};
  EXPECT_EQ(store({row, later, other}), (std::vector{kStored, kStored, kStored}));
}

TEST_F(StoreTest, PayloadComesBackAsItWasAndAsJsonb) {
  TraceRow row = trace(1, 0);
  const std::string payload = "{\"id\":\"x\",  \"data\":{\"text\":\"\u00dcber \\\"quoted\\\" \U0001f600\"}}";
  row.payload = payload;
  store({row});
  auto back = require(
      super_.query("SELECT t.payload, e.payload->'data'->>'text', t.risk_score, t.session, t.commit "
                   "FROM plumbline.traces t JOIN plumbline.trace_events e USING (time, tenant_id, id)"));
  EXPECT_EQ(back.text(0, 0), payload);
  EXPECT_EQ(back.text(0, 1), "\u00dcber \"quoted\" \U0001f600");
  EXPECT_EQ(back.integer(0, 2), 30);
  EXPECT_EQ(back.text(0, 3), "session-1");
  EXPECT_TRUE(back.is_null(0, 4)) << "an absent name is null";
}

TEST_F(StoreTest, ManyDaysEachHaveTheirPartition) {
  std::vector<TraceRow> rows;
  for (int day = 0; day < 40; ++day) {
    rows.push_back(trace(day, day));
    rows.back().key.time.value -= day * 86400LL * 1000000;
  }
  store(rows);
  EXPECT_EQ(number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'plumbline.trace_days'::regclass"),
            40);
  EXPECT_EQ(store({moved(rows[3], 100), moved(rows[39], 101)}), (std::vector{kDuplicate, kDuplicate}));
  EXPECT_EQ(
      number(
          "SELECT count(*) FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = "
          "'plumbline.trace_days'::regclass AND (NOT relrowsecurity OR NOT relforcerowsecurity OR relacl IS "
          "NOT NULL)"),
      0)
      << "forced row-level security and no grant on any partition";
}

TEST_F(StoreTest, NoPartitionOutsideOfAnyRetention) {
  const Status ancient = store_.ensure_day(writer_, *parse_rfc3339("1999-12-31T23:59:59Z"));
  ASSERT_FALSE(ancient);
  EXPECT_EQ(ancient.error().fault, Fault::kPoison);
  EXPECT_FALSE(store_.ensure_day(writer_, *parse_rfc3339("9998-01-01T00:00:00Z")));
}

TEST_F(StoreTest, AReaderSeesItsTenantOnlyAndTheWriterNoPayload) {
  TraceRow other = trace(2, 1);
  other.key.tenant = {uuid_of(99)};
  store({trace(1, 0), other});
  auto reader = database_.connect("plumbline_reader");
  for (const char* from : {"traces", "trace_events", "decisions"}) {
    const std::string sql = std::string("SELECT count(*) FROM plumbline.") + from;
    require(reader.execute("RESET plumbline.tenant"));
    EXPECT_EQ(require(reader.query(sql)).integer(0, 0), 0) << from;
    require(reader.query("SELECT set_config('plumbline.tenant', $1, false)", {uuid_of(99).to_string()}));
    EXPECT_EQ(require(reader.query(sql)).integer(0, 0), 1) << from;
  }
  std::string day = format_rfc3339(noon()).substr(0, 10);
  std::erase(day, '-');
  EXPECT_FALSE(reader.query("SELECT count(*) FROM plumbline.traces_" + day));
  EXPECT_FALSE(reader.query("SELECT count(*) FROM plumbline.trace_days"));
  EXPECT_FALSE(writer_.query("SELECT payload FROM plumbline.traces"));
}

// Policies keep a condition away from an index unless its operator is leakproof.
TEST_F(StoreTest, AReaderFindsASessionThroughItsIndex) {
  store({trace(1, 0)});
  auto reader = database_.connect("plumbline_reader");
  require(reader.query("SELECT set_config('plumbline.tenant', $1, false)", {uuid_of(1).to_string()}));
  require(reader.execute("SET enable_seqscan = off"));
  auto plan =
      require(reader.query("EXPLAIN SELECT payload FROM plumbline.trace_events WHERE session = 'session-1'"));
  std::string text;
  bool found = false;
  for (int line = 0; line < plan.size(); ++line) {
    const std::string_view step = plan.text(line, 0);
    found = found || (step.find("Index Cond: (") != step.npos &&
                      step.find("session = 'session-1'::text") != step.npos);
    text.append(step) += '\n';
  }
  EXPECT_TRUE(found) << text;
}

// At midnight all members of persist come to the new day at once; the second was told 42P07.
TEST_F(StoreTest, TwoWritersThatComeToANewDayAtOnceMakeItOnce) {
  const std::string day(
      require(super_.query("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")).text(0, 0));
  const std::string ensure = "SELECT plumbline.ensure_partition('" + day + "'::date)";
  auto first = database_.connect("plumbline_writer");
  require(first.begin());
  ASSERT_EQ(require(first.query(ensure)).text(0, 0), "t");
  const std::string second(require(writer_.query("SELECT pg_backend_pid()")).text(0, 0));
  std::jthread commits([&] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      auto waits = super_.query(
          "SELECT 1 FROM pg_locks WHERE pid = $1::int AND locktype = 'advisory' AND NOT granted", {second});
      if (!waits || waits->size() > 0) break;
    }
    (void)first.commit();
  });
  EXPECT_EQ(require(writer_.query(ensure)).text(0, 0), "f");
  commits.join();
  EXPECT_EQ(
      number("SELECT count(*) FROM pg_inherits WHERE inhrelid = 'plumbline.traces_" + day + "'::regclass"),
      1);
}

TEST_F(StoreTest, ReportsAndTheirViolationsOnce) {
  postgres::ReportRow row = report(1, 0);
  const auto put = [&](const postgres::ReportRow& r) {
    const postgres::ReportRow* const rows[] = {&r};
    return require(postgres::in_transaction(writer_, [&] { return postgres::store_reports(writer_, rows); }))
        .front();
  };
  EXPECT_EQ(put(row), kStored);
  EXPECT_EQ(put(row), kStored) << "a replay";
  postgres::ReportRow again = row;
  again.address.offset = 5;
  EXPECT_EQ(put(again), kDuplicate);
  again.digest = uuid_of(77);
  EXPECT_EQ(put(again), kConflict);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.reports"), 1);
  auto violations = require(
      super_.query("SELECT gate, file, line, details, title FROM plumbline.violations ORDER BY ordinal"));
  ASSERT_EQ(violations.size(), 2);
  EXPECT_EQ(violations.text(0, 3), "says \"no\", {really}\\ \u00fc");
  EXPECT_EQ(violations.integer(0, 2), 12);
  EXPECT_TRUE(violations.is_null(1, 2));
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.gate_results WHERE status = 'FAIL'"), 1);
}

TEST_F(StoreTest, ReportsOfOneBatchKeepTheirOrderAndTheFirstOfAnIdentityWins) {
  // More than one statement takes, an identity twice among them, and one that an earlier batch stored.
  std::vector<postgres::ReportRow> rows;
  for (int i = 0; i < 2300; ++i) rows.push_back(report(1000 + i % 2200, i));
  const auto put = [&](std::span<const postgres::ReportRow> batch) {
    std::vector<const postgres::ReportRow*> pointers;
    for (const auto& row : batch) pointers.push_back(&row);
    return require(
        postgres::in_transaction(writer_, [&] { return postgres::store_reports(writer_, pointers); }));
  };
  EXPECT_EQ(put(std::span(rows).first(1)).front(), kStored);
  rows[2250].digest = uuid_of(77);
  const auto outcomes = put(rows);
  ASSERT_EQ(outcomes.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(outcomes[i], i < 2200 ? kStored : i == 2250 ? kConflict : kDuplicate) << i;
  }
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.reports"), 2200);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.violations"), 4400);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.reports WHERE log_offset <> 0 AND log_offset >= 2200"), 0);
}

}  // namespace
}  // namespace plumbline::tests
