// A database of the first version (migration 0016) with rows, whose old writer still inserts while the new
// binary migrates: every row is there afterwards, untouched, and the new roles run on it.
#include <atomic>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "core/pg/migrate.h"
#include "tests/chaos/stream.h"

namespace plumbline::tests {
namespace {

constexpr int kFirstVersion = 16;
constexpr const char* kOld = "b0c1d2e3-0000-4000-8000-00000000000a";

// As the first version's persist wrote: `count` rows in one transaction, as the writer.
Status insert_rows(pg::Connection& connection, std::int64_t from, int count) {
  const std::string first = std::to_string(from), last = std::to_string(from + count - 1);
  const auto done = connection.query(
      "INSERT INTO plumbline.traces (time, tenant_id, id, digest, received_at, log_offset, log_partition, "
      "log_index, topic, kind, agent, session, action_type, confidence, payload) SELECT date_trunc('day', "
      "now()), '" +
      std::string(kOld) +
      "', md5(n::text)::uuid, md5('d' || n)::uuid, now(), n, 0, 0, 1, 'decision', 'old', 's' || n % 7, "
      "'auto_reply', 'high', '{\"n\":' || n || '}' FROM generate_series(" +
      first + "::bigint, " + last + "::bigint) n");
  return done ? ok_status() : Status(done.error());
}

TEST(Upgrade, ADatabaseOfTheFirstVersionMigratesUnderLoad) {
  Stack stack(Backend::kEmbedded);
  const TestDatabase old(stack.postgres(), false);
  {
    auto c = old.connect();
    std::vector<pg::Migration> first;
    for (const pg::Migration& each : pg::embedded_migrations()) {
      if (each.version <= kFirstVersion) first.push_back(each);
    }
    ASSERT_EQ(require(pg::migrate(c, first)).version, kFirstVersion);
    auto superuser = old.superuser();
    (void)require(superuser.query("INSERT INTO plumbline.tenants (id, slug, name) VALUES ('" +
                                  std::string(kOld) + "', 'old', 'Old')"));
    (void)require(superuser.query("SELECT plumbline.ensure_partition(current_date)"));
  }
  {
    // The stack's configuration names this database from now on.
    std::ifstream in(stack.config_path());
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string was = stack.database().conninfo();
    text.replace(text.find(was), was.size(), old.conninfo());
    std::ofstream(stack.config_path()) << text;
  }
  std::atomic<std::int64_t> written{0};
  std::string failed;
  std::jthread writer([&](const std::stop_token& stop) {
    auto connection = old.connect("plumbline_writer");
    while (!stop.stop_requested()) {
      if (const Status done = insert_rows(connection, written, 100); !done) {
        failed = done.error().message;
        return;
      }
      written += 100;
    }
  });
  ASSERT_TRUE(test::wait_for([&] { return written > 5000; })) << failed;
  const std::string said = stack.plumbline("migrate");
  const std::int64_t at = written;
  EXPECT_TRUE(test::wait_for([&] { return written > at + 1000; }))
      << "the old writer can't go on with the new tables: " << failed;
  writer.request_stop();
  writer.join();
  EXPECT_EQ(failed, "");

  auto connection = old.superuser();
  const auto value = [&](const std::string& sql) {
    auto rows = connection.query(sql);
    return rows && rows->size() == 1 ? std::string(rows->text(0, 0)) : std::string();
  };
  const std::string count =
      "SELECT count(*) FROM plumbline.traces WHERE tenant_id = '" + std::string(kOld) + "'";
  EXPECT_EQ(value(count), std::to_string(written)) << said;
  EXPECT_EQ(value(count + " AND payload <> '{\"n\":' || log_offset || '}'"), "0");
  EXPECT_EQ(value("SELECT max(version) FROM plumbline.schema_migrations"),
            std::to_string(pg::embedded_migrations().back().version));

  // The old tenant goes on with the new roles, beside a new one.
  stack.start_roles();
  Tenant tenant{.slug = "old", .id = kOld, .signer = signer_of(stack.plumbline("key create old"))};
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();
  Stream stream(stack.edge_port(), {tenant.signer}, 1, 40);
  ASSERT_TRUE(test::wait_for([&] { return stream.accepted() > 2000; })) << stack.logs();
  const std::set<Uuid> accepted = stream.end();
  EXPECT_TRUE(test::wait_for([&] { return not_stored(old, accepted).empty(); })) << stack.logs();
  EXPECT_TRUE(test::wait_for([&] {
    return value("SELECT bool_and(balanced) FROM plumbline.ledger_balance WHERE tenant_id = '" +
                 std::string(kOld) + "'") == "t";
  })) << stack.plumbline("ledger");
}

}  // namespace
}  // namespace plumbline::tests
