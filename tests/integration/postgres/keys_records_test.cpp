// What the database writes for keys.v1 is what the edge's decoder reads.
#include <string>

#include <gtest/gtest.h>

#include "core/codec/records.h"
#include "sinks/postgres/key_material.h"
#include "sinks/postgres/tenant_rows.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

struct KeysRecords : testing::Test {
  TestDatabase db;
  pg::Connection c = db.connect("plumbline_control");
  postgres::TenantStore tenants{c, "tester"};
  postgres::KeyStore keys{c, "tester"};

  // The last message under a record key; its own record_key must give that key again.
  template <class Record>
  Record last(const std::string& key) {
    auto rows =
        require(c.query("SELECT value FROM plumbline.outbox WHERE key = $1 ORDER BY id DESC LIMIT 1", {key}));
    const auto decoded = require(codec::decode_keys_record(rows.text(0, 0)));
    const auto record = std::get<Record>(decoded);
    EXPECT_EQ(codec::record_key(record), key);
    EXPECT_EQ(require(codec::decode_keys_record(codec::encode(record))), decoded);
    return record;
  }
};

TEST_F(KeysRecords, TenantsDecodeAtTheirBounds) {
  const std::string longest(200, 'x');
  const auto made = require(tenants.create("edge-case", {.name = longest,
                                                         .retention_days = 3660,
                                                         .traces_per_s = 1000000,
                                                         .burst = 10000000,
                                                         .agent_traces_per_s = 1000000,
                                                         .agent_burst = 10000000}));
  const std::string key = "tenant/" + made.id.value.to_string();
  const auto record = last<codec::TenantRecord>(key);
  EXPECT_EQ(record.tenant, made.id);
  EXPECT_EQ(record.name, longest);
  EXPECT_EQ(record.limits.burst, 10000000);
  EXPECT_EQ(record.version, 1);
  const auto renamed =
      require(tenants.change(made, {.name = "\"quotes\", \\ and \t tab, \xC3\xA9 and \xF0\x9F\x98\x80"}));
  EXPECT_EQ(last<codec::TenantRecord>(key).name, renamed.name);
  (void)require(tenants.set_status(made, "suspended"));
  EXPECT_EQ(last<codec::TenantRecord>(key).status, codec::TenantStatus::kSuspended);
  (void)require(postgres::erase_tenant(c, made, "tester"));
  EXPECT_EQ(last<codec::TenantRecord>(key).status, codec::TenantStatus::kErased);
}

TEST_F(KeysRecords, KeysDecodeInEveryState) {
  const auto tenant = require(tenants.create("acme", {}));
  const auto sealer = require(crypto::Sealer::from_text(crypto::random_master_key()));
  const auto made = postgres::make_hmac_key(sealer, tenant.id);
  const auto old = require(keys.add(tenant.id, made.material));
  const std::string key = "key/" + made.material.id.value;
  auto record = last<codec::KeyRecord>(key);
  EXPECT_EQ(record.tenant, tenant.id);
  EXPECT_EQ(record.algorithm, codec::KeyAlgorithm::kV1);
  EXPECT_FALSE(record.sealed.empty());
  EXPECT_FALSE(record.not_after.has_value());
  const auto next = postgres::make_hmac_key(sealer, tenant.id);
  (void)require(keys.rotate(old, next.material, std::chrono::hours(1)));
  record = last<codec::KeyRecord>(key);
  EXPECT_EQ(record.status, codec::KeyStatus::kRetiring);
  EXPECT_EQ(record.version, 2);
  EXPECT_EQ(format_rfc3339(record.not_after.value()), require(keys.find(old.id.value)).not_after);
  (void)require(keys.revoke(old));
  EXPECT_EQ(last<codec::KeyRecord>(key).status, codec::KeyStatus::kRevoked);

  const auto asymmetric = postgres::make_ed25519_key();
  (void)require(keys.add(tenant.id, asymmetric.material));
  record = last<codec::KeyRecord>("key/" + asymmetric.material.id.value);
  EXPECT_EQ(record.algorithm, codec::KeyAlgorithm::kV1a);
  EXPECT_TRUE(record.sealed.empty());
  EXPECT_EQ(record.public_key.size(), 44u);
}

}  // namespace
}  // namespace plumbline::tests
