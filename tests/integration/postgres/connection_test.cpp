// core/pg over a real server: statements, COPY, notifications, lost connections.
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

TEST(PgConnection, ParametersNullsAndTypes) {
  TestDatabase db;
  auto c = db.connect();
  auto rows = require(c.query("SELECT $1::text, $2::bigint, $3::text", {"it's; DROP", "-42", std::nullopt}));
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows.text(0, 0), "it's; DROP");
  EXPECT_EQ(rows.integer(0, 1), -42);
  EXPECT_TRUE(rows.is_null(0, 2));
  EXPECT_EQ(rows.text(0, 2), "");
  const auto nul = c.query("SELECT $1::text", {std::string_view("a\0b", 3)});
  ASSERT_FALSE(nul.ok());
  EXPECT_EQ(nul.error().fault, Fault::kPoison);
}

TEST(PgConnection, ABinaryParameterGoesInAsItIs) {
  TestDatabase db;
  auto c = db.connect();
  // int4[] {258, null}, then one that says more elements than it has.
  const std::string array("\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\2\0\0\0\1\0\0\0\4\0\0\1\2\xff\xff\xff\xff", 32);
  constexpr const char* kSql = "SELECT v, v IS NULL FROM unnest($1::int4[]) v";
  for (int again = 0; again < 2; ++again) {
    auto rows = require(c.query_binary(kSql, array));
    ASSERT_EQ(rows.size(), 2);
    EXPECT_EQ(rows.integer(0, 0), 258);
    EXPECT_EQ(rows.text(1, 1), "t");
  }
  const auto cut = c.query_binary(kSql, std::string_view(array).substr(0, 26));
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().fault, Fault::kPoison);
  EXPECT_EQ(require(c.query_binary(kSql, array)).size(), 2) << "an error leaves the connection as it was";
}

TEST(PgConnection, ErrorsNameNoValue) {
  TestDatabase db;
  auto c = db.connect();
  ASSERT_TRUE(c.execute("CREATE TEMP TABLE t (id int PRIMARY KEY)").ok());
  ASSERT_TRUE(c.query("INSERT INTO t VALUES ($1)", {"1234567"}).ok());
  const auto twice = c.query("INSERT INTO t VALUES ($1)", {"1234567"});
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code, "23505");
  EXPECT_EQ(twice.error().fault, Fault::kPoison);
  EXPECT_EQ(twice.error().message.find("1234567"), std::string::npos);
  EXPECT_NE(twice.error().message.find("t_pkey"), std::string::npos);
  const auto bad = c.query("INSERT INTO t VALUES ($1)", {"secret words"});
  EXPECT_EQ(bad.error().message.find("secret words"), std::string::npos);
}

TEST(PgConnection, TheStatementCacheIsBounded) {
  TestDatabase db;
  auto c = db.connect();
  for (int i = 0; i < 300; ++i) {
    const std::string sql = "SELECT " + std::to_string(i) + " + $1::int";
    EXPECT_EQ(require(c.query(sql, {"1"})).integer(0, 0), i + 1);
  }
  EXPECT_LE(require(c.query("SELECT count(*) FROM pg_prepared_statements")).integer(0, 0), 128);
}

TEST(PgConnection, AFailedTransactionDoesNotCommit) {
  TestDatabase db;
  auto c = db.connect();
  ASSERT_TRUE(c.begin().ok());
  ASSERT_FALSE(c.query("SELECT 1/0").ok());
  const Status done = c.commit();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "25P02");
  EXPECT_FALSE(c.broken());
  EXPECT_TRUE(c.query("SELECT 1").ok());
}

// Found by ConsumerGroup: a member stopped inside a transaction kept the rows that its successor needed.
TEST(PgConnection, AWriterStoppedInsideATransactionGivesItsRowsBack) {
  TestDatabase db;
  auto stopped = db.connect("plumbline_writer"), next = db.connect("plumbline_writer");
  const auto limit = require(stopped.query("SHOW idle_in_transaction_session_timeout"));
  EXPECT_EQ(limit.text(0, 0), "15s");
  ASSERT_TRUE(stopped.execute("SET idle_in_transaction_session_timeout TO '50ms'").ok());
  ASSERT_TRUE(stopped.begin().ok());
  ASSERT_TRUE(stopped.query("SELECT pg_advisory_xact_lock(1)").ok());
  EXPECT_TRUE(next.execute("SET lock_timeout TO '60s'; SELECT pg_advisory_lock(1)").ok());
  EXPECT_FALSE(stopped.commit().ok());
}

TEST(PgConnection, CopyInAndOut) {
  TestDatabase db;
  auto c = db.connect();
  ASSERT_TRUE(c.execute("CREATE TEMP TABLE t (n int, v text)").ok());
  std::string data;
  for (int i = 0; i < 50000; ++i) data += std::to_string(i) + "\tvalue\n";
  EXPECT_EQ(require(c.copy_in("COPY t FROM STDIN", data)), 50000);
  int rows = 0;
  ASSERT_TRUE(c.copy_out("COPY t TO STDOUT", [&](std::string_view) {
                 ++rows;
                 return ok_status();
               }).ok());
  EXPECT_EQ(rows, 50000);
  const Status stopped =
      c.copy_out("COPY t TO STDOUT", [&](std::string_view) -> Status { return fatal("enough", ""); });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, "enough");
  const auto bad = c.copy_in("COPY t FROM STDIN", "x\ty\n");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, "22P02");
  EXPECT_EQ(require(c.query("SELECT count(*) FROM t")).integer(0, 0), 50000);
  EXPECT_FALSE(c.broken());
}

TEST(PgConnection, WaitsForANotification) {
  TestDatabase db;
  auto listener = db.connect();
  auto sender = db.connect();
  ASSERT_TRUE(listener.execute("LISTEN plumbline_x").ok());
  EXPECT_FALSE(require(listener.wait_notification(1)));
  std::jthread tell([&] { (void)sender.execute("NOTIFY plumbline_x"); });
  EXPECT_TRUE(require(listener.wait_notification(30000)));
}

TEST(PgConnection, NeverReconnectsSilently) {
  TestDatabase db;
  auto c = db.connect();
  const std::string pid(require(c.query("SELECT pg_backend_pid()")).text(0, 0));
  auto super = db.superuser();
  (void)require(super.query("SELECT pg_terminate_backend($1::int)", {pid}));
  const auto lost = c.query("SELECT 1");
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().fault, Fault::kRetryable);
  EXPECT_TRUE(c.broken());
  EXPECT_EQ(c.query("SELECT 1").error().code, "connection");
  EXPECT_EQ(c.commit().error().code, "connection");
}

// The commit is sent, then held up in a deferred trigger while the backend is ended: the outcome is unknown
// to the client.
TEST(PgConnection, ACommitThatLosesItsConnectionIsInDoubt) {
  TestDatabase db;
  auto c = db.connect();
  ASSERT_TRUE(c.execute("CREATE TABLE t (n int);"
                        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                        " 'BEGIN PERFORM pg_advisory_lock(77); RETURN NULL; END';"
                        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
                        " FOR EACH ROW EXECUTE FUNCTION slow()")
                  .ok());
  auto super = db.superuser();
  (void)require(super.query("SELECT pg_advisory_lock(77)"));
  const std::string pid(require(c.query("SELECT pg_backend_pid()")).text(0, 0));
  ASSERT_TRUE(c.begin().ok());
  ASSERT_TRUE(c.query("INSERT INTO t VALUES (1)").ok());
  std::jthread killer([&] {
    for (;;) {
      auto waits = super.query(
          "SELECT 1 FROM pg_locks WHERE pid = $1::int AND locktype = 'advisory' AND NOT granted", {pid});
      if (!waits || waits->size() > 0) break;
    }
    (void)super.query("SELECT pg_terminate_backend($1::int)", {pid});
  });
  const Status done = c.commit();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "in_doubt");
  EXPECT_TRUE(c.broken());
}

TEST(PgConnection, ComesBackAfterTheServerWasKilled) {
  PostgresCluster cluster;
  TestDatabase db(cluster, false);
  auto c = db.connect();
  ASSERT_TRUE(c.execute("CREATE TABLE t AS SELECT 1 AS n").ok());
  cluster.kill9();
  EXPECT_FALSE(c.query("SELECT 1").ok());
  EXPECT_TRUE(c.broken());
  EXPECT_EQ(pg::Connection::connect({.conninfo = db.conninfo(), .password = {}}).error().fault,
            Fault::kRetryable);
  cluster.start();
  EXPECT_EQ(require(db.connect().query("SELECT n FROM t")).integer(0, 0), 1);
}

}  // namespace
}  // namespace plumbline::tests
