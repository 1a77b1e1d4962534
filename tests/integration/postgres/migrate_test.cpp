// Migrations: once, in order, never changed, safe when several start together.
#include "core/pg/migrate.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

TEST(Migrate, TheSecondRunDoesNothing) {
  TestDatabase db(PostgresCluster::shared(), false);
  auto c = db.connect();
  const auto first = require(pg::migrate(c));
  EXPECT_EQ(first.applied.size(), pg::embedded_migrations().size());
  const auto second = require(pg::migrate(c));
  EXPECT_TRUE(second.applied.empty());
  EXPECT_EQ(second.version, first.version);
  for (const auto& state : require(pg::migration_states(c, pg::embedded_migrations())))
    EXPECT_TRUE(state.applied);
}

TEST(Migrate, SeveralAtOnceApplyEachFileOnce) {
  // A cluster of its own, so that the roles too are made in the race: two databases, two migrators each.
  PostgresCluster cluster;
  TestDatabase a(cluster, false), b(cluster, false);
  std::vector<Result<pg::MigrateReport>> reports(4, fatal("", ""));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        auto c = pg::Connection::connect({.conninfo = (i % 2 == 0 ? a : b).conninfo(), .password = {}});
        reports[i] = c ? pg::migrate(*c) : Result<pg::MigrateReport>(c.error());
      });
    }
  }
  std::size_t applied = 0;
  for (auto& report : reports) applied += require(std::move(report)).applied.size();
  EXPECT_EQ(applied, 2 * pg::embedded_migrations().size());
}

struct Changing : testing::Test {
  TestDatabase db{PostgresCluster::shared(), false};
  pg::Connection c = db.connect();
  std::vector<pg::Migration> files{pg::embedded_migrations()[0],
                                   {2, "0002_first.sql", "CREATE TABLE plumbline.first (n int)"}};
};

TEST_F(Changing, AChangedFileIsRefusedByName) {
  (void)require(pg::migrate(c, files));
  files[1].sql = "CREATE TABLE plumbline.first (n bigint)";
  const auto refused = pg::migrate(c, files);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "migration_changed");
  EXPECT_NE(refused.error().message.find("0002_first.sql"), std::string::npos);
}

TEST_F(Changing, ANewerDatabaseAndAFileOutOfOrderAreRefused) {
  files.push_back({4, "0004_third.sql", "SELECT 1"});
  (void)require(pg::migrate(c, files));
  auto older = files;
  older.pop_back();
  EXPECT_EQ(pg::migrate(c, older).error().code, "schema_newer");
  files.insert(files.begin() + 2, {3, "0003_late.sql", "SELECT 1"});
  EXPECT_EQ(pg::migrate(c, files).error().code, "migration_order");
}

TEST_F(Changing, AFailingFileLeavesNothingAndRunsAgain) {
  files.push_back({3, "0003_bad.sql", "CREATE TABLE plumbline.second (n int); SELECT 1/0"});
  const auto failed = pg::migrate(c, files);
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find("0003_bad.sql"), std::string::npos);
  EXPECT_EQ(require(c.query("SELECT to_regclass('plumbline.second')")).text(0, 0), "");
  files[2].sql = "CREATE TABLE plumbline.second (n int)";
  EXPECT_EQ(require(pg::migrate(c, files)).applied, std::vector<std::string>{"0003_bad.sql"});
}

TEST_F(Changing, WhatItMakesIsOwnedByARoleWithoutLogin) {
  (void)require(pg::migrate(c, files));
  auto rows = require(c.query(
      "SELECT r.rolname, r.rolcanlogin, r.rolsuper OR r.rolbypassrls FROM pg_class k JOIN pg_roles r ON "
      "r.oid = k.relowner WHERE k.oid = 'plumbline.first'::regclass"));
  EXPECT_EQ(rows.text(0, 0), "plumbline_owner");
  EXPECT_EQ(rows.text(0, 1), "f");
  EXPECT_EQ(rows.text(0, 2), "f");
}

}  // namespace
}  // namespace plumbline::tests
