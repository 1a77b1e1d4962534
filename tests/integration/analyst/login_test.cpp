// Analysts sign in as roles of their own: whatever they SET, they see one tenant's rows and change nothing.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sinks/postgres/analysts.h"
#include "tests/support/catalogue.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

const std::string kA = "aaaaaaaa-0000-4000-8000-00000000000a";
const std::string kB = "bbbbbbbb-0000-4000-8000-00000000000b";

// Passwords count here: roles other than the server's own sign in with SCRAM.
PostgresCluster& cluster() {
  static PostgresCluster made({.settings = {},
                               .hba = "local all all trust\nhost all plumbline 127.0.0.1/32 trust\n"
                                      "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 "
                                      "scram-sha-256\n"});
  return made;
}

struct AnalystLogin : testing::Test {
  TestDatabase db{cluster()};
  pg::Connection super = db.superuser();
  pg::Connection server = db.connect();

  void TearDown() override {
    auto bound = postgres::list_analysts(server, std::nullopt);
    if (!bound) return;
    for (const auto& each : *bound) (void)postgres::remove_analyst(server, each.login, "test").ok();
  }
  postgres::Tenant tenant(const std::string& slug) {
    auto control = db.connect("plumbline_control");
    return require(postgres::TenantStore(control, "test").create(slug, {}));
  }
  Status add(const std::string& slug, const std::string& login, const std::string& password) {
    auto control = db.connect("plumbline_control");
    const auto found = require(postgres::TenantStore(control, "test").find(slug));
    return postgres::add_analyst(server, found, login, Secret(password), {}, "test");
  }
  Result<pg::Connection> sign_in(const std::string& login, const std::string& password) {
    return pg::Connection::connect(
        {.conninfo = cluster().conninfo(db.name(), login), .password = Secret(password)});
  }
  static std::string value(pg::Connection& c, const std::string& sql) {
    auto rows = c.query(sql);
    if (!rows) return "error " + rows.error().code;
    return rows->size() == 0 ? "" : std::string(rows->text(0, 0));
  }
};

constexpr const char* kPassword = "correct-horse-battery";

TEST_F(AnalystLogin, SeesItsOwnTenantOnlyWhateverItSets) {
  fill_every_table(super, {kA, kB});
  (void)require(super.query("INSERT INTO plumbline.analyst_logins VALUES ('ann', $1, 'test')", {kA}));
  ASSERT_TRUE(
      super.execute("CREATE ROLE ann LOGIN PASSWORD 'ann-s-password' IN ROLE plumbline_analyst").ok());
  auto ann = require(sign_in("ann", "ann-s-password"));
  for (const std::string& setting : {std::string(), kA, kB}) {
    for (const char* role : {"", "SET ROLE plumbline_analyst"}) {
      ASSERT_TRUE(ann.execute("RESET ROLE").ok());
      (void)require(ann.query("SELECT set_config('plumbline.tenant', $1, false)", {setting}));
      if (*role != '\0') {
        ASSERT_TRUE(ann.execute(role).ok());
      }
      for (const Relation& r : relations(super)) {
        const std::string from = " FROM plumbline.\"" + r.name + "\" WHERE " + r.tenant_column + "::text = '";
        const std::string own = value(ann, "SELECT count(" + r.tenant_column + ")" + from + kA + "'");
        const std::string other = value(ann, "SELECT count(" + r.tenant_column + ")" + from + kB + "'");
        EXPECT_TRUE(other == "0" || other == "error 42501") << r.name << " gives " << other << " " << setting;
        if (r.partition) {
          EXPECT_EQ(own, "error 42501") << "partition " << r.name;
        } else if (r.kind != 'v' && own != "error 42501") {
          EXPECT_EQ(own, r.name == "analyst_logins" ? "2" : "1") << r.name << " " << setting;
        }
      }
    }
  }
  EXPECT_EQ(value(ann, "SET ROLE plumbline_reader"), "error 42501");
  EXPECT_EQ(value(ann, "SET SESSION AUTHORIZATION plumbline"), "error 42501");
  ann = require(sign_in("ann", "ann-s-password"));
  ASSERT_TRUE(super.execute("DELETE FROM plumbline.analyst_logins WHERE login = 'ann'").ok());
  (void)require(ann.query("SELECT set_config('plumbline.tenant', $1, false)", {kA}));
  for (const Relation& r : relations(super)) {
    const std::string all =
        value(ann, "SELECT count(" + r.tenant_column + ") FROM plumbline.\"" + r.name + "\"");
    EXPECT_TRUE(all == "0" || all == "error 42501") << "without a binding " << r.name << " gives " << all;
  }
  ann = require(sign_in("ann", "ann-s-password"));
  ASSERT_TRUE(super.execute("DROP ROLE ann").ok());
}

TEST_F(AnalystLogin, EveryPolicyOfAnalystsGoesByTheLogin) {
  auto rows = require(
      super.query("SELECT tablename || '.' || policyname FROM pg_policies WHERE schemaname = 'plumbline' AND "
                  "'plumbline_analyst' = ANY (roles) AND qual NOT LIKE '%analyst_tenant()%'"));
  for (int i = 0; i < rows.size(); ++i)
    ADD_FAILURE() << rows.text(i, 0) << ": end the migration with SELECT plumbline.bind_analysts()";
}

TEST_F(AnalystLogin, IsMadeListedAndRemovedByCommand) {
  tenant("acme");
  tenant("other");
  ASSERT_TRUE(add("acme", "bob", kPassword).ok());
  auto bob = require(sign_in("bob", kPassword));
  EXPECT_FALSE(sign_in("bob", "another-password").ok());
  EXPECT_EQ(value(bob, "SELECT string_agg(slug, ',') FROM tenants"), "acme");
  EXPECT_EQ(value(bob, "SHOW statement_timeout"), "1min");
  EXPECT_EQ(value(bob, "SELECT count(*) FROM audit_log WHERE action = 'analyst.add' AND subject = 'bob'"),
            "1");
  EXPECT_THAT(value(super, "SELECT rolpassword FROM pg_authid WHERE rolname = 'bob'"),
              HasSubstr("SCRAM-SHA-256"));
  const auto listed = require(postgres::list_analysts(server, std::nullopt));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].login, "bob");
  EXPECT_EQ(listed[0].tenant, "acme");
  EXPECT_TRUE(listed[0].can_log_in);
  ASSERT_TRUE(postgres::remove_analyst(server, "bob", "test").ok());
  EXPECT_EQ(value(bob, "SELECT count(*) FROM plumbline.tenants"), "error 42501")
      << "an open session sees nothing any more";
  EXPECT_FALSE(sign_in("bob", kPassword).ok());
  EXPECT_EQ(postgres::remove_analyst(server, "bob", "test").error().code, "no_analyst");
}

TEST_F(AnalystLogin, WritesNothingEvenWithoutReadOnly) {
  tenant("acme");
  ASSERT_TRUE(add("acme", "cleo", kPassword).ok());
  auto cleo = require(sign_in("cleo", kPassword));
  EXPECT_EQ(value(cleo, "CREATE TEMP TABLE mine (a int)"), "error 25006");
  ASSERT_TRUE(cleo.execute("SET default_transaction_read_only = off").ok());
  auto tables =
      require(super.query("SELECT relname FROM pg_class WHERE relnamespace = 'plumbline'::regnamespace AND "
                          "relkind IN ('r', 'p', 'v')"));
  for (int i = 0; i < tables.size(); ++i) {
    const std::string name = "plumbline.\"" + std::string(tables.text(i, 0)) + "\"";
    for (const std::string& sql : {"DELETE FROM " + name, "INSERT INTO " + name + " DEFAULT VALUES"}) {
      // Not granted, or a view that nobody can write.
      EXPECT_THAT(value(cleo, sql), AnyOf("error 42501", "error 55000")) << sql;
    }
  }
  EXPECT_EQ(value(cleo, "CREATE TABLE plumbline.mine (a int)"), "error 42501");
  EXPECT_EQ(value(cleo, "SELECT plumbline.bind_analysts()"), "error 42501");
}

TEST_F(AnalystLogin, BadWordsAreRefusedAndLeaveNothing) {
  tenant("acme");
  for (const char* login : {"", "Bob", "pg_bob", "plumbline_bob", "-bob", "b ob", "bob\"; DROP ROLE x"})
    EXPECT_EQ(add("acme", login, kPassword).error().code, "bad_login") << login;
  EXPECT_EQ(add("acme", "dora", "short").error().code, "bad_password");
  EXPECT_EQ(add("acme", "postgres", kPassword).error().code, "analyst_exists");
  EXPECT_TRUE(require(postgres::list_analysts(server, std::nullopt)).empty());
}

// A person's query over one repository's reports goes through the index, with the tenant as a value known
// once.
TEST_F(AnalystLogin, KeepsQueryPlansGood) {
  const auto acme = tenant("acme");
  const auto other = tenant("other");
  ASSERT_TRUE(add("acme", "emil", kPassword).ok());
  for (const auto& each : {acme, other}) {
    (void)require(super.query(
        "INSERT INTO plumbline.reports (tenant_id, time, id, digest, received_at, log_offset, log_partition, "
        "log_index, topic, agent, repo, status, violations, payload) SELECT $1::uuid, now() - i * interval "
        "'1 "
        "minute', gen_random_uuid(), gen_random_uuid(), now(), i, 0, 0, 2, 'ci', 'repo-' || i % 100, 'PASS', "
        "0, "
        "'{}' FROM generate_series(1, 20000) i",
        {each.id.value.to_string()}));
  }
  ASSERT_TRUE(super.execute("ANALYZE plumbline.reports").ok());
  auto emil = require(sign_in("emil", kPassword));
  auto rows = require(emil.query("EXPLAIN SELECT count(*) FROM reports WHERE repo = 'repo-7'"));
  std::string plan;
  for (int i = 0; i < rows.size(); ++i) plan += std::string(rows.text(i, 0)) + "\n";
  EXPECT_THAT(plan, HasSubstr("reports_repo")) << plan;
  EXPECT_THAT(plan, HasSubstr("InitPlan")) << plan;
  EXPECT_THAT(plan, Not(HasSubstr("Filter: (tenant_id = plumbline.analyst_tenant()"))) << plan;
}

}  // namespace
}  // namespace plumbline::tests
