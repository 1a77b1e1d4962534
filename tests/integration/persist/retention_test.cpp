// Removal by age on a real PostgreSQL: what goes, what stays, and that nobody is in anybody's way.
#include "sinks/postgres/retention.h"

#include "tests/integration/persist/persist_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

constexpr std::int64_t kDayUs = 86400LL * 1000000;
const std::string kShort = "00000000-0000-0000-0000-00000000000a";
const std::string kLong = "00000000-0000-0000-0000-00000000000b";

class RetentionTest : public PersistTest {
 protected:
  void SetUp() override {
    tenant(kShort, 10);
    tenant(kLong, 30);
  }
  void tenant(const std::string& id, int days) {
    require(
        super_.query("INSERT INTO plumbline.tenants (id, slug, name, retention_days) VALUES ($1::uuid, "
                     "'t-' || $1, 'T', $2::int)",
                     {id, std::to_string(days)}));
  }
  // The first moment of the day (UTC) that many days before today.
  TimeUs day(int days) const { return {now_.value / kDayUs * kDayUs - days * kDayUs}; }

  void traces(const std::string& tenant, TimeUs time, int count = 1) {
    const std::string at = format_rfc3339(time);
    require(
        super_.query("SELECT plumbline.ensure_partition(($1::timestamptz AT TIME ZONE 'UTC')::date)", {at}));
    require(super_.query(
        "INSERT INTO plumbline.traces (time, tenant_id, id, digest, received_at, log_offset, "
        "log_partition, log_index, topic, kind, agent, payload) SELECT $2::timestamptz + n * "
        "interval '1 microsecond', $1::uuid, gen_random_uuid(), gen_random_uuid(), "
        "$2::timestamptz, n, 0, 0, 1, 'decision', 'a', '{}' FROM generate_series(0, $3::int - 1) n",
        {tenant, at, std::to_string(count)}));
  }
  void report(const std::string& tenant, TimeUs time) {
    const std::string at = format_rfc3339(time);
    require(super_.query(
        "WITH r AS (INSERT INTO plumbline.reports (tenant_id, time, id, digest, received_at, "
        "log_offset, log_partition, log_index, topic, agent, status, violations, payload) VALUES "
        "($1::uuid, $2::timestamptz, gen_random_uuid(), gen_random_uuid(), $2::timestamptz, 0, 0, "
        "0, 2, 'ci', 'FAIL', 1, '{}') RETURNING *) INSERT INTO plumbline.violations (tenant_id, "
        "time, report_id, ordinal, files, gate) SELECT tenant_id, time, id, 0, 0, 'layers' FROM r",
        {tenant, at}));
  }
  // tenant "": of nobody.
  void dead_letter(const std::string& tenant, TimeUs time) {
    require(super_.query(
        "INSERT INTO plumbline.dead_letters (consumer, topic, partition, log_offset, log_index, "
        "reason, detail, tenant_id, body, noted_at) VALUES ('persist', 'traces.v1', 0, $3::bigint, "
        "0, 'schema', '', nullif($1, '')::uuid, '{}', $2::timestamptz)",
        {tenant, format_rfc3339(time), std::to_string(++letters_)}));
  }
  // Floors settle at once, unless said otherwise.
  postgres::Removed remove(TimeUs now, std::chrono::seconds settled = 0s) {
    pg::ConnectOptions options;
    options.conninfo = database_.conninfo();
    options.role = "plumbline_writer";
    auto connection = require(pg::Connection::connect(options));
    auto removed = require(postgres::remove_expired(connection, now, {}, settled));
    if (removed.failed) ADD_FAILURE() << removed.failed->message;
    return removed;
  }
  postgres::Removed remove() { return remove(now_); }
  // Days before today of the rows that are there, newest first.
  std::string ages(const std::string& table, const std::string& tenant,
                   const std::string& day_of_row = "(time AT TIME ZONE 'UTC')::date") {
    return text("SELECT coalesce(string_agg(age::text, ' ' ORDER BY age), '') FROM (SELECT '" +
                format_rfc3339(day(0)).substr(0, 10) + "'::date - " + day_of_row + " AS age FROM plumbline." +
                table + " WHERE tenant_id = '" + tenant + "') a");
  }
  std::string floor_of(const std::string& tenant) { return ages("retention_floors", tenant, "floor"); }

  TimeUs now_ = clock_.now();
  int letters_ = 0;
};

TEST_F(RetentionTest, DaysGoWhenAllTenantsArePastThemAndRowsOfAShorterOneBefore) {
  for (const int age : {0, 9, 10, 11, 29, 30, 31, 40}) {
    for (const std::string& tenant : {kShort, kLong}) {
      traces(tenant, {day(age).value + kDayUs - 1});  // the day's last microsecond
      report(tenant, day(age));
      dead_letter(tenant, day(age));
    }
  }
  const auto removed = remove();
  EXPECT_EQ(removed.days.size(), 2U) << "31 and 40 days ago";
  EXPECT_EQ(removed.traces, 3) << "of the shorter one: 11, 29 and 30 days ago";
  EXPECT_EQ(removed.reports, 5 + 2);
  EXPECT_EQ(removed.dead_letters, 5 + 2);
  EXPECT_FALSE(removed.more);
  EXPECT_EQ(ages("traces", kShort), "0 9 10");
  EXPECT_EQ(ages("traces", kLong), "0 9 10 11 29 30");
  for (const std::string table : {"reports", "violations"}) {
    EXPECT_EQ(ages(table, kShort), "0 9 10");
    EXPECT_EQ(ages(table, kLong), "0 9 10 11 29 30");
  }
  EXPECT_EQ(ages("dead_letters", kShort, "(noted_at AT TIME ZONE 'UTC')::date"), "0 9 10");
  EXPECT_EQ(floor_of(kShort), "10");
  EXPECT_EQ(floor_of(kLong), "30");
  const auto again = remove();
  EXPECT_EQ(again.traces + again.reports + again.dead_letters, 0);
  EXPECT_TRUE(again.days.empty());
}

TEST_F(RetentionTest, AFloorIsKnownToAllBeforeAnythingBelowItGoes) {
  traces(kShort, day(15));
  traces(kLong, day(40));
  const auto first = remove(now_, 3600s);
  EXPECT_TRUE(first.more);
  EXPECT_TRUE(first.days.empty());
  EXPECT_EQ(first.traces, 0);
  EXPECT_EQ(floor_of(kShort), "10");
  const auto second = remove();
  EXPECT_EQ(second.days.size(), 1U);
  EXPECT_EQ(second.traces, 1);
}

// Raised a second time before anything was removed, a floor looked as if all below it had been.
TEST_F(RetentionTest, AFloorRaisedAgainBeforeItsFirstRemoval) {
  traces(kShort, day(15));
  traces(kLong, day(15));
  remove({now_.value - kDayUs}, 3600s);
  remove(now_, 3600s);
  EXPECT_EQ(remove().traces, 1);
  EXPECT_EQ(ages("traces", kLong), "15");
}

TEST_F(RetentionTest, ALongerRetentionLowersAFloorBelowWhichNothingWasRemoved) {
  const auto keep = [&](const std::string& tenant, int days) {
    require(super_.query("UPDATE plumbline.tenants SET retention_days = $2::int WHERE id = $1::uuid",
                         {tenant, std::to_string(days)}));
    remove();
  };
  keep(kShort, 12);
  EXPECT_EQ(floor_of(kShort), "12");
  keep(kShort, 20);
  EXPECT_EQ(floor_of(kShort), "20");
  traces(kShort, day(14));
  keep(kShort, 11);
  keep(kShort, 20);
  EXPECT_EQ(floor_of(kShort), "11") << "what is gone stays gone";
  traces(kLong, day(40));
  keep(kLong, 31);
  keep(kLong, 50);
  EXPECT_EQ(floor_of(kLong), "31") << "with a day that was dropped, too";
}

TEST_F(RetentionTest, EachDayTheNextOneGoes) {
  traces(kLong, day(20));
  traces(kShort, day(10));
  traces(kShort, day(11));
  EXPECT_EQ(remove({now_.value - kDayUs}).traces, 0);
  EXPECT_EQ(ages("traces", kShort), "10 11");
  EXPECT_EQ(remove().traces, 1);
  EXPECT_EQ(ages("traces", kShort), "10");
  EXPECT_EQ(ages("traces", kLong), "20");
}

// A clock that ran ahead must neither remove what is young nor keep the floor where it put it.
TEST_F(RetentionTest, AClockAheadOfPostgresqlsRemovesNothing) {
  traces(kLong, day(5));
  EXPECT_TRUE(remove({now_.value + 365 * kDayUs}).days.empty());
  EXPECT_EQ(floor_of(kLong), "30");
  require(super_.query("UPDATE plumbline.retention_floors SET floor = current_date + 300"));
  EXPECT_TRUE(remove().days.empty());
  EXPECT_EQ(floor_of(kLong), "30");
  EXPECT_EQ(ages("traces", kLong), "5");
}

TEST_F(RetentionTest, ManyRowsGoInBatchesAndNoNeighboursWithThem) {
  traces(kShort, day(15), 45000);
  traces(kLong, day(15), 1000);
  EXPECT_EQ(remove().traces, 45000);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 1000);
}

TEST_F(RetentionTest, AShorterRetentionReachesWhatIsThere) {
  traces(kShort, day(8));
  EXPECT_EQ(remove().traces, 0);
  require(super_.query("UPDATE plumbline.tenants SET retention_days = 5 WHERE id = $1::uuid", {kShort}));
  EXPECT_EQ(remove().traces, 1);
  EXPECT_EQ(ages("traces", kShort), "");
}

// Whatever keeps it: an analyst's view on the day's own table, here.
TEST_F(RetentionTest, ADayThatCanNotGoWholeGoesRowByRow) {
  traces(kLong, day(40));
  const std::string table = text("SELECT relname FROM pg_class WHERE relname ~ '^traces_[0-9]{8}$'");
  require(super_.query("CREATE VIEW plumbline.of_a_day AS SELECT id FROM plumbline." + table));
  const auto removed = require(postgres::remove_expired(super_, now_, {}, 0s));
  EXPECT_TRUE(removed.failed.has_value());
  EXPECT_TRUE(removed.days.empty());
  EXPECT_EQ(removed.traces, 1);
  EXPECT_EQ(ages("traces", kLong), "");
}

TEST_F(RetentionTest, ADayThatIsBeingReadWaitsForTheNextSweep) {
  traces(kLong, day(40));
  auto reader = database_.superuser();
  ASSERT_TRUE(reader.begin().ok());
  require(reader.query("SELECT count(*) FROM plumbline.traces"));
  const auto busy = remove();
  EXPECT_TRUE(busy.more);
  EXPECT_TRUE(busy.days.empty());
  EXPECT_EQ(busy.traces, 0) << "a day that goes whole is not deleted row by row meanwhile";
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.retention_floors WHERE removed_to IS NOT NULL"), 0)
      << "nor noted as removed: a tenant that comes now may keep it";
  ASSERT_TRUE(reader.commit().ok());
  EXPECT_EQ(remove().days.size(), 1U);
}

TEST_F(RetentionTest, DeadLettersOfNobodyGoWithTheLongestRetention) {
  const std::string stranger = "00000000-0000-0000-0000-00000000000e";
  for (const std::string& whose : {std::string(), stranger, kShort, kLong}) {
    for (const int age : {0, 20, 30, 31, 400}) dead_letter(whose, day(age));
  }
  EXPECT_EQ(remove().dead_letters, 2 + 2 + 2 + 4);
  const auto left = [&](const std::string& whose) {
    return text(
        "SELECT string_agg(age::text, ' ' ORDER BY age) FROM (SELECT '" +
        format_rfc3339(day(0)).substr(0, 10) +
        "'::date - (noted_at AT TIME ZONE 'UTC')::date AS age FROM plumbline.dead_letters WHERE tenant_id " +
        (whose.empty() ? "IS NULL" : "= '" + whose + "'") + ") a");
  };
  EXPECT_EQ(left(""), "0 20 30");
  EXPECT_EQ(left(stranger), "0 20 30");
  EXPECT_EQ(left(kLong), "0 20 30");
  EXPECT_EQ(left(kShort), "0");
  EXPECT_EQ(remove().dead_letters, 0);
}

TEST_F(RetentionTest, TheWriterCanRemoveNobodysDeadLettersAlone) {
  dead_letter("", day(0));
  dead_letter(kLong, day(0));
  pg::ConnectOptions options;
  options.conninfo = database_.conninfo();
  options.role = "plumbline_writer";
  auto writer = require(pg::Connection::connect(options));
  EXPECT_EQ(require(writer.query("DELETE FROM plumbline.dead_letters")).affected(), 1);
  EXPECT_EQ(text("SELECT tenant_id FROM plumbline.dead_letters"), kLong);
}

TEST_F(RetentionTest, OneProcessSweepsAtATime) {
  traces(kLong, day(40));
  auto other = database_.superuser();
  require(other.query("SELECT pg_advisory_lock(hashtextextended('plumbline.retention', 0))"));
  EXPECT_TRUE(remove().more);
  require(other.query("SELECT pg_advisory_unlock(hashtextextended('plumbline.retention', 0))"));
  EXPECT_EQ(remove().days.size(), 1U);
}

TEST_F(RetentionTest, WithoutTenantsNothingGoes) {
  traces(kLong, day(40));
  require(super_.query("UPDATE plumbline.tenants SET status = 'erased'"));
  EXPECT_TRUE(remove().days.empty());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 1);
}

// Sent again after it was removed, a trace was stored again: its links and sums were there twice.
TEST_F(RetentionTest, WhatWasRemovedIsNotTakenAgain) {
  const std::string tenant_of_frames = FrameOptions{}.tenant.to_string();
  tenant(tenant_of_frames, 3660);
  const auto send = [&](int run) {
    put({.run = uuid_of(run), .stream = "a", .seq = 0}, {decision_event("a", entries_[0], uuid_of(1))});
    drain();
  };
  send(100);
  EXPECT_EQ(ledger(), "1 0 0 0");
  require(super_.query("UPDATE plumbline.tenants SET retention_days = 1"));
  EXPECT_EQ(remove().days.size(), 1U);
  require(super_.query("UPDATE plumbline.tenants SET retention_days = 3660"));
  send(101);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.chain_links"), 1);
  EXPECT_EQ(ledger(), "1 0 0 1") << "told as a dead letter, not passed off as stored";
  EXPECT_EQ(text("SELECT reason FROM plumbline.dead_letters"), "time_before_retention");
}

TEST_F(RetentionTest, AMemberThatRunsLearnsOfAFloorBeforeItsNextBatch) {
  ManualClock clock(now_);
  persist::PersistRole one(options_, postgres_, log_, clock, metrics_);
  put({.stream = "a", .seq = 0}, {decision_event("a", entries_[0], uuid_of(1))});
  drain(one);
  require(super_.query(
      "INSERT INTO plumbline.retention_floors (tenant_id, floor) SELECT DISTINCT tenant_id, (now() "
      "AT TIME ZONE 'UTC')::date - 1 FROM plumbline.traces"));
  clock.advance(6s);
  put({.stream = "a", .seq = 1}, {decision_event("a", entries_[0], uuid_of(2))});
  drain(one);
  EXPECT_EQ(ledger(), "1 0 0 1");
}

// A batch waits for PostgreSQL, and when it is back the day of its traces has been removed.
TEST_F(RetentionTest, ABatchThatWaitedLearnsOfAFloorBeforeItIsStored) {
  pg::ConnectOptions options;
  options.conninfo = database_.conninfo();
  options.role = "plumbline_writer";
  auto connection = require(pg::Connection::connect(options));
  ManualClock clock(now_);
  persist::Persist persist(log_, clock, metrics_, 1000);
  ASSERT_TRUE(persist.connected(connection).ok());
  ASSERT_TRUE(persist.assigned(connection, {}).ok());
  const StoredRecord stored = frame_of({.stream = "a"}, {decision_event("a", entries_[0], uuid_of(1))});
  std::vector<log::Header> headers;
  for (const auto& [name, value] : stored.headers) headers.push_back({name, value});
  const log::ReadRecord record{frame::kTracesTopic, 0,      0, stored.timestamp_ms, stored.key,
                               stored.value,        headers};
  const loop::Input input{&record, true};
  ASSERT_EQ(persist.fold({&input, 1}), 1U);
  require(super_.query(
      "INSERT INTO plumbline.retention_floors (tenant_id, floor) VALUES ($1::uuid, (now() AT TIME "
      "ZONE 'UTC')::date - 1)",
      {FrameOptions{}.tenant.to_string()}));
  clock.advance(6s);
  ASSERT_TRUE(persist.prepare(connection).ok());
  ASSERT_TRUE(connection.begin().ok());
  const Status applied = persist.apply(connection);
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  ASSERT_TRUE(connection.commit().ok());
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.traces"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM pg_class WHERE relname ~ '^traces_[0-9]{8}$'"), 0)
      << "nor a day made";
  EXPECT_EQ(ledger(), "0 0 0 1");
}

TEST_F(RetentionTest, ATraceOfADayThatWasDroppedMakesItAnew) {
  auto one = role();
  put({.stream = "a", .seq = 0}, {decision_event("a", entries_[0], uuid_of(1))});
  drain(*one);
  const std::string day = text("SELECT tableoid::regclass::text FROM plumbline.traces");
  require(super_.query("DROP TABLE " + day));
  put({.stream = "a", .seq = 1}, {decision_event("a", entries_[0], uuid_of(2))});
  drain(*one);
  EXPECT_EQ(text("SELECT tableoid::regclass::text FROM plumbline.traces"), day);
  EXPECT_EQ(ledger(), "2 0 0 0") << "stored, and nobody's poison";
}

TEST_F(RetentionTest, TheRoleSweepsByItselfWhileItStores) {
  traces(kLong, day(40));
  remove();  // floors settle before anything goes, ten seconds: let these be old
  require(super_.query(
      "UPDATE plumbline.retention_floors SET raised_at = now() - interval '1 hour', removed_to = "
      "NULL"));
  traces(kLong, day(40));
  options_.retention_interval = 50ms;
  options_.poll_wait = 5ms;
  push_real(1);
  auto one = role();
  one->start();
  EXPECT_TRUE(test::wait_for([&] {
    return number("SELECT count(*) FROM pg_class WHERE relname = 'traces_" +
                  text("SELECT to_char('" + format_rfc3339(day(40)) +
                       "'::timestamptz AT TIME ZONE 'UTC', 'YYYYMMDD')") +
                  "'") == 0;
  }));
  EXPECT_TRUE(test::wait_for([&] { return number("SELECT count(*) FROM plumbline.reports") > 0; }));
  one->stop();
}

}  // namespace
}  // namespace plumbline::tests
