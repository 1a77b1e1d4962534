// Tenants and keys over a real database: every change with its audit line and its message, export, erase.
#include "sinks/postgres/tenants.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sinks/postgres/key_material.h"
#include "sinks/postgres/keys.h"
#include "sinks/postgres/outbox.h"
#include "sinks/postgres/tenant_rows.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

using postgres::KeyMaterial;

struct Stores : testing::Test {
  TestDatabase db;
  pg::Connection c = db.connect("plumbline_control");
  postgres::TenantStore tenants{c, "tester"};
  postgres::KeyStore keys{c, "tester"};

  std::string last_message(const std::string& key) {
    auto rows =
        require(c.query("SELECT value FROM plumbline.outbox WHERE key = $1 ORDER BY id DESC LIMIT 1", {key}));
    return rows.size() == 0 ? "none" : std::string(rows.text(0, 0));
  }
  std::string field(const std::string& message, const std::string& path) {
    return std::string(require(c.query("SELECT $1::jsonb #>> $2::text[]", {message, path})).text(0, 0));
  }
  std::int64_t audit_lines(const std::string& action) {
    return require(c.query("SELECT count(*) FROM plumbline.audit_log WHERE action = $1 AND actor = 'tester'",
                           {action}))
        .integer(0, 0);
  }
};

TEST_F(Stores, ATenantAndItsMessage) {
  const auto made =
      require(tenants.create("acme", {.name = "Acme \"Inc\"", .retention_days = 30, .traces_per_s = 5}));
  EXPECT_EQ(made.version, 1);
  EXPECT_EQ(made.limits.traces_per_s, 5);
  const std::string key = "tenant/" + made.id.value.to_string();
  EXPECT_EQ(field(last_message(key), "{v}"), "1");
  EXPECT_EQ(field(last_message(key), "{type}"), "tenant");
  EXPECT_EQ(field(last_message(key), "{tenant}"), made.id.value.to_string());
  EXPECT_EQ(field(last_message(key), "{name}"), "Acme \"Inc\"");
  EXPECT_EQ(field(last_message(key), "{status}"), "active");
  EXPECT_EQ(field(last_message(key), "{retention_days}"), "30");
  EXPECT_EQ(field(last_message(key), "{limits,traces_per_s}"), "5");
  EXPECT_EQ(field(last_message(key), "{limits,agent_burst}"), std::to_string(made.limits.agent_burst));

  const auto changed = require(tenants.change(made, {.burst = 77}));
  EXPECT_EQ(changed.version, 2);
  EXPECT_EQ(changed.limits.traces_per_s, 5);
  EXPECT_EQ(field(last_message(key), "{limits,burst}"), "77");
  EXPECT_EQ(require(tenants.set_status(changed, "suspended")).status, "suspended");
  EXPECT_EQ(field(last_message(key), "{version}"), "3");
  EXPECT_EQ(require(tenants.set_status(changed, "active")).status, "active");
  EXPECT_EQ(require(tenants.find("acme")).version, 4);
  EXPECT_EQ(require(tenants.find(made.id.value.to_string())).slug, "acme");
  EXPECT_EQ(require(tenants.list()).size(), 1u);
  for (const char* action : {"tenant.create", "tenant.limits", "tenant.suspend", "tenant.resume"})
    EXPECT_EQ(audit_lines(action), 1);
}

TEST_F(Stores, WrongTenantsAreRefusedByName) {
  (void)require(tenants.create("acme", {}));
  EXPECT_EQ(tenants.create("acme", {}).error().code, "tenant_exists");
  EXPECT_EQ(tenants.create("Not A Slug", {}).error().code, "bad_tenant");
  EXPECT_EQ(tenants.create("other", {.retention_days = 5000}).error().code, "bad_tenant");
  EXPECT_EQ(tenants.find("nobody").error().code, "no_tenant");
  EXPECT_EQ(require(tenants.list()).size(), 1u);
  EXPECT_EQ(require(postgres::outbox_size(c)), 1);
}

TEST_F(Stores, KeysRotateWithAnOverlap) {
  const auto tenant = require(tenants.create("acme", {}));
  const auto first = require(keys.add(
      tenant.id, {.id = {"key_one"}, .sealed_secret = std::string("\0\xff sealed", 9), .public_key = ""}));
  EXPECT_EQ(first.status, "active");
  EXPECT_EQ(first.algorithm, "v1");
  EXPECT_EQ(field(last_message("key/key_one"), "{sealed}"), "AP8gc2VhbGVk");
  EXPECT_EQ(field(last_message("key/key_one"), "{not_after}"), "");
  const auto second = require(keys.rotate(first, {.id = {"key_two"}, .sealed_secret = "x", .public_key = ""},
                                          std::chrono::hours(24)));
  EXPECT_EQ(second.status, "active");
  const auto old = require(keys.find("key_one"));
  EXPECT_EQ(old.status, "retiring");
  EXPECT_FALSE(old.expired);
  EXPECT_EQ(old.not_after.size(), 27u);
  EXPECT_EQ(field(last_message("key/key_one"), "{version}"), "2");
  EXPECT_EQ(field(last_message("key/key_one"), "{not_after}"), old.not_after);
  EXPECT_EQ(
      keys.rotate(old, {.id = {"key_three"}, .sealed_secret = "x", .public_key = ""}, std::chrono::hours(1))
          .error()
          .code,
      "key_not_active");
  EXPECT_EQ(keys.find("key_three").error().code, "no_key") << "a refused rotation must leave nothing";
  EXPECT_EQ(require(keys.revoke(old)).status, "revoked");
  EXPECT_EQ(require(keys.revoke(old)).version, 3) << "revoking again changes nothing";
  EXPECT_EQ(field(last_message("key/key_one"), "{status}"), "revoked");
  EXPECT_EQ(require(keys.list(tenant.id)).size(), 2u);
  EXPECT_EQ(require(postgres::sealed_keys(c)).size(), 1u);

  const auto asymmetric = require(
      keys.add(tenant.id, {.id = {"key_pub"}, .sealed_secret = "", .public_key = std::string(32, 'k')}));
  EXPECT_EQ(asymmetric.algorithm, "v1a");
  EXPECT_EQ(field(last_message("key/key_pub"), "{public_key}"),
            "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=");
  EXPECT_EQ(field(last_message("key/key_pub"), "{sealed}"), "");
}

TEST_F(Stores, SecretsAreSealedAndMoveToANewMasterKey) {
  const auto tenant = require(tenants.create("acme", {}));
  const std::string old_master(crypto::random_master_key().reveal()),
      new_master(crypto::random_master_key().reveal());
  const auto old_sealer = require(crypto::Sealer::from_text(Secret(old_master)));
  const auto made = postgres::make_hmac_key(old_sealer, tenant.id);
  EXPECT_TRUE(made.secret.reveal().starts_with("whsec_"));
  EXPECT_TRUE(made.material.id.value.starts_with("key_"));
  (void)require(keys.add(tenant.id, made.material));
  const auto both = require(crypto::Sealer::from_text(Secret(new_master + "," + old_master)));
  EXPECT_EQ(require(postgres::reseal_keys(c, both, "tester")), 1);
  EXPECT_EQ(require(postgres::reseal_keys(c, both, "tester")), 0);
  const auto new_sealer = require(crypto::Sealer::from_text(Secret(new_master)));
  const auto sealed = require(postgres::sealed_keys(c));
  ASSERT_EQ(sealed.size(), 1u);
  EXPECT_TRUE(postgres::check_sealed(new_sealer, sealed[0]).ok());
  EXPECT_FALSE(postgres::check_sealed(old_sealer, sealed[0]).ok());
  auto moved = sealed[0];
  moved.id = {"key_other"};
  EXPECT_FALSE(postgres::check_sealed(new_sealer, moved).ok()) << "bound to its key";

  EXPECT_EQ(postgres::import_ed25519_key("AAAA").error().code, "public_key");
  EXPECT_EQ(
      require(postgres::import_ed25519_key("whpk_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=")).public_key,
      std::string(32, 'k'));
}

TEST_F(Stores, ExportHasEveryRowOfTheTenantAndNoOther) {
  const auto a = require(tenants.create("a", {.name = "line\nbreak, \"quotes\" and \\"}));
  const auto b = require(tenants.create("b", {}));
  (void)require(keys.add(a.id, {.id = {"key_a"}, .sealed_secret = "sealed", .public_key = ""}));
  (void)require(keys.add(b.id, {.id = {"key_b"}, .sealed_secret = "sealed", .public_key = ""}));
  std::map<std::string, std::string> out;
  const auto counts =
      require(postgres::export_tenant(c, a, [&](std::string_view table, std::string_view line) {
        out[std::string(table)] += line;
        return ok_status();
      }));
  EXPECT_EQ(counts.at("tenants"), 1);
  EXPECT_EQ(counts.at("signing_keys"), 1);
  EXPECT_EQ(counts.at("audit_log"), 2);
  EXPECT_EQ(field(out["tenants"], "{name}"), a.name);
  EXPECT_EQ(field(out["signing_keys"], "{key_id}"), "key_a");
  EXPECT_EQ(out["signing_keys"].find("sealed_secret"), std::string::npos);
  for (const auto& [table, text] : out)
    EXPECT_EQ(text.find(b.id.value.to_string()), std::string::npos) << table;
}

TEST_F(Stores, EraseLeavesATombstoneAndTheAuditLog) {
  const auto a = require(tenants.create("a", {}));
  const auto b = require(tenants.create("b", {}));
  auto writer = db.connect("plumbline_writer");
  for (const auto& tenant : {a, b}) {
    (void)require(
        keys.add(tenant.id, {.id = {"key_" + tenant.slug}, .sealed_secret = "sealed", .public_key = ""}));
    for (int i = 0; i < 3; ++i) {
      (void)require(writer.query("INSERT INTO plumbline.key_usage VALUES ($1, $2, now())",
                                 {tenant.id.value.to_string(), std::to_string(i)}));
    }
  }
  const auto counts = require(postgres::erase_tenant(c, a, "tester"));
  EXPECT_EQ(counts.at("key_usage"), 3);
  const auto gone = require(tenants.find(a.id.value.to_string()));
  EXPECT_EQ(gone.status, "erased");
  EXPECT_EQ(gone.name, "erased");
  EXPECT_EQ(require(keys.find("key_a")).status, "revoked");
  EXPECT_EQ(last_message("key/key_a"), "") << "a tombstone";
  EXPECT_EQ(field(last_message("tenant/" + a.id.value.to_string()), "{status}"), "erased");
  EXPECT_EQ(audit_lines("tenant.erase"), 1);
  EXPECT_EQ(require(keys.list(b.id)).size(), 1u);
  EXPECT_EQ(require(c.query("SELECT count(*) FROM plumbline.key_usage")).integer(0, 0), 3)
      << "the other tenant's rows stay";

  EXPECT_EQ(require(postgres::erase_tenant(c, a, "tester")).at("key_usage"), 0) << "again is harmless";
  EXPECT_EQ(tenants.set_status(a, "active").error().code, "tenant_erased");
  EXPECT_EQ(keys.add(a.id, {.id = {"key_new"}, .sealed_secret = "x", .public_key = ""}).error().code,
            "tenant_erased");
}

// Rows in several partitions, more than one batch.
TEST_F(Stores, EraseAndExportReachEveryPartition) {
  const auto a = require(tenants.create("a", {}));
  const auto b = require(tenants.create("b", {}));
  auto super = db.superuser();
  for (const char* day : {"now()", "now() - interval '1 day'", "now() - interval '40 days'"}) {
    (void)require(super.query(std::string("SELECT plumbline.ensure_partition(((") + day +
                              ") AT TIME ZONE 'UTC')::date)"));
    for (const auto& tenant : {a, b}) {
      (void)require(super.query(
          std::string("INSERT INTO plumbline.traces (time, tenant_id, id, digest, received_at, log_offset, "
                      "log_partition, log_index, topic, kind, agent, payload) SELECT ") +
              day +
              ", $1::uuid, gen_random_uuid(), gen_random_uuid(), now(), n, 0, 0, 1, 'decision', 'x', "
              "'{\"a\": \"\\n\"}' "
              "FROM generate_series(1, $2::int) n",
          {tenant.id.value.to_string(), tenant.slug == "a" ? "9000" : "5"}));
    }
  }
  std::int64_t lines = 0;
  const auto exported = require(postgres::export_tenant(c, a, [&](std::string_view, std::string_view line) {
    EXPECT_EQ(line.back(), '\n');
    EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line a row";
    ++lines;
    return ok_status();
  }));
  EXPECT_EQ(exported.at("traces"), 27000);
  EXPECT_GE(lines, 27000);
  EXPECT_EQ(require(postgres::erase_tenant(c, a, "tester")).at("traces"), 27000);
  auto left = require(super.query("SELECT tenant_id, count(*) FROM plumbline.traces GROUP BY 1"));
  ASSERT_EQ(left.size(), 1);
  EXPECT_EQ(left.text(0, 0), b.id.value.to_string());
  EXPECT_EQ(left.integer(0, 1), 15);
}

TEST_F(Stores, ControlSeesNoTrace) {
  for (const char* table : {"traces", "reports"}) {
    EXPECT_EQ(c.query(std::string("SELECT * FROM plumbline.") + table).error().code, "42501") << table;
  }
}

}  // namespace
}  // namespace plumbline::tests
