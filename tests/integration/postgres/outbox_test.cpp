// The outbox over a real database: in order, at least once, never an older version behind a newer one, one
// publisher at a time.
#include "sinks/postgres/outbox.h"

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sinks/postgres/keys.h"
#include "sinks/postgres/tenants.h"
#include "tests/integration/postgres/memory_log.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& condition) {
  return test::wait_for(condition);
}

struct Outbox : testing::Test {
  TestDatabase db;
  pg::Connection c = db.connect("plumbline_control");
  postgres::TenantStore tenants{c, "tester"};
  MemoryLog log;
  telemetry::Metrics metrics;

  postgres::PublisherOptions options(std::chrono::milliseconds poll = 500ms) {
    return {.postgres = {.conninfo = db.conninfo(), .password = {}}, .poll = poll, .backoff_max = 100ms};
  }
  std::int64_t version(const std::string& value) {
    return require(c.query("SELECT $1::jsonb ->> 'version'", {value})).integer(0, 0);
  }
  bool empty() { return require(postgres::outbox_size(c)) == 0; }
};

TEST_F(Outbox, PublishesInOrderAndDeletes) {
  const auto tenant = require(tenants.create("a", {}));
  (void)require(tenants.change(tenant, {.burst = 5}));
  (void)require(tenants.create("b", {}));
  EXPECT_EQ(require(postgres::publish_outbox(c, log)), 3);
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].first, "tenant/" + tenant.id.value.to_string());
  EXPECT_EQ(version(entries[0].second), 1);
  EXPECT_EQ(version(entries[1].second), 2);
  EXPECT_TRUE(empty());
}

TEST_F(Outbox, AChangeThatRollsBackIsNotPublished) {
  ASSERT_TRUE(c.begin().ok());
  auto other = db.connect("plumbline_control");
  const auto tenant = require(postgres::TenantStore(other, "x").create("a", {}));
  (void)require(postgres::publish_outbox(other, log));
  (void)c.query("UPDATE plumbline.tenants SET burst = 1, version = 9");
  (void)postgres::enqueue_tenant(c, tenant.id);
  c.rollback();
  EXPECT_EQ(require(postgres::publish_outbox(c, log)), 0);
}

TEST_F(Outbox, ALogThatIsDownKeepsTheChange) {
  (void)require(tenants.create("a", {}));
  log.down = true;
  EXPECT_FALSE(postgres::publish_outbox(c, log).ok());
  EXPECT_EQ(require(postgres::outbox_size(c)), 1);
  log.down = false;
  EXPECT_EQ(require(postgres::publish_outbox(c, log)), 1);
}

// Killed between the log's ack and the deletion: published a second time with the same version, which readers
// ignore.
TEST_F(Outbox, SurvivesAKillBetweenPublishAndDelete) {
  (void)require(tenants.create("a", {}));
  auto publisher = db.connect("plumbline_control");
  const std::string pid(require(publisher.query("SELECT pg_backend_pid()")).text(0, 0));
  auto super = db.superuser();
  log.after_append = [&] { (void)super.query("SELECT pg_terminate_backend($1::int, 30000)", {pid}); };
  EXPECT_FALSE(postgres::publish_outbox(publisher, log).ok());
  log.after_append = nullptr;
  EXPECT_EQ(require(postgres::publish_outbox(c, log)), 1);
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0], entries[1]);
}

TEST_F(Outbox, ThePublisherHearsOfAChange) {
  postgres::OutboxPublisher publisher(options(60s), log, metrics);  // by the notification, not by polling
  ASSERT_TRUE(eventually([&] {                                      // it listens
    return require(c.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"))
               .integer(0, 0) > 0;
  }));
  (void)require(tenants.create("a", {}));
  EXPECT_TRUE(eventually([&] { return !log.entries().empty(); }));
  EXPECT_TRUE(eventually([&] { return empty(); }));
}

TEST_F(Outbox, AFreshLogGetsEverythingAgain) {
  const auto tenant = require(tenants.create("a", {}));
  (void)require(
      postgres::KeyStore(c, "x").add(tenant.id, {.id = {"key_a"}, .sealed_secret = "s", .public_key = ""}));
  MemoryLog old;
  (void)require(postgres::publish_outbox(c, old));
  ASSERT_TRUE(empty());
  postgres::OutboxPublisher publisher(options(), log, metrics);
  EXPECT_TRUE(eventually([&] { return log.entries().size() >= 2; }));
  EXPECT_TRUE(eventually([&] { return empty(); }));
  EXPECT_EQ(log.entries(), old.entries());
}

TEST_F(Outbox, TwoPublishersAndALostConnectionNeverPutAnOlderVersionLast) {
  (void)require(tenants.create("a", {}));
  postgres::OutboxPublisher one(options(20ms), log, metrics);
  postgres::OutboxPublisher two(options(20ms), log, metrics);
  auto super = db.superuser();
  auto tenant = require(tenants.find("a"));
  for (int i = 1; i <= 40; ++i) {
    tenant = require(tenants.change(tenant, {.burst = i}));
    if (i % 10 == 0) {
      (void)require(
          super.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                      "'plumbline outbox' "
                      "AND datname = current_database()"));
    }
  }
  EXPECT_TRUE(eventually([&] {
    return empty() && !log.entries().empty() && version(log.entries().back().second) == tenant.version;
  }));
}

TEST_F(Outbox, GoesOnAfterTheServerWasKilled) {
  PostgresCluster cluster;
  TestDatabase own(cluster);
  postgres::OutboxPublisher publisher(
      {.postgres = {.conninfo = own.conninfo(), .password = {}}, .poll = 50ms, .backoff_max = 100ms}, log,
      metrics);
  auto first = own.connect("plumbline_control");
  (void)require(postgres::TenantStore(first, "x").create("a", {}));
  // Once or twice: the refill at the start may have found it already.
  ASSERT_TRUE(eventually([&] { return !log.entries().empty(); }));
  cluster.kill9();
  cluster.start();
  auto second = own.connect("plumbline_control");
  const auto tenant = require(postgres::TenantStore(second, "x").create("b", {}));
  const std::string key = "tenant/" + tenant.id.value.to_string();
  EXPECT_TRUE(eventually([&] { return log.entries().back().first == key; }));
}

}  // namespace
}  // namespace plumbline::tests
