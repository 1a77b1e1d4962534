#include "core/keys/key_state.h"

#include <gtest/gtest.h>

#include "core/crypto/base64.h"
#include "core/crypto/bearer.h"

namespace plumbline::keys {
namespace {

const Secret kMaster{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
const TenantId kTenant{*Uuid::parse("b0c1d2e3-0000-4000-8000-000000000001")};
const TenantId kOther{*Uuid::parse("b0c1d2e3-0000-4000-8000-000000000002")};

crypto::Sealer sealer(const Secret& master = kMaster) {
  return crypto::Sealer::from_text(master).value();
}

codec::TenantRecord tenant(std::int64_t version, TenantId id = kTenant) {
  codec::TenantRecord record;
  record.tenant = id;
  record.name = "acme";
  record.version = version;
  return record;
}

codec::KeyRecord key(std::int64_t version, const std::string& secret,
                     const std::string& sealed_for = "key_1") {
  codec::KeyRecord record;
  record.key_id = {"key_1"};
  record.tenant = kTenant;
  record.version = version;
  const std::string context = crypto::seal_context(kTenant.value.to_string(), "keys", "secret", sealed_for);
  record.sealed = crypto::base64_encode(sealer().seal(Secret(secret), context));
  return record;
}

class KeyStateTest : public testing::Test {
 protected:
  template <class T>
  std::string apply(const T& record) {
    auto applied = state.apply(codec::record_key(record), codec::encode(record));
    if (!applied) return applied.error().code;
    return *applied == Applied::kChanged ? "changed" : *applied == Applied::kOld ? "old" : "removed";
  }
  bool signs_with(const std::string& secret) {
    const auto table = state.table();
    const KeyEntry* found = table->find("key_1");
    return found != nullptr && found->hmac && found->hmac->mac({"x"}) == crypto::HmacKey(secret).mac({"x"});
  }
  KeyState state{sealer()};
};

TEST_F(KeyStateTest, FindsAKeyOfAKnownTenant) {
  EXPECT_EQ(apply(key(1, "first")), "changed");
  EXPECT_EQ(state.table()->find("key_1"), nullptr) << "its tenant is not known yet";
  EXPECT_EQ(apply(tenant(1)), "changed");
  EXPECT_TRUE(signs_with("first"));
  const auto table = state.table();
  const KeyEntry* found = table->find("key_1");
  EXPECT_EQ(found->tenant->tenant, kTenant);
  EXPECT_EQ(found->tenant->retention_days, 400);
  EXPECT_TRUE(found->usable({0}));
  EXPECT_EQ(table->find("key_2"), nullptr);
}

TEST_F(KeyStateTest, OnlyRisingVersionsCount) {
  apply(tenant(5));
  EXPECT_EQ(apply(key(2, "second")), "changed");
  EXPECT_EQ(apply(key(2, "again")), "old");
  EXPECT_EQ(apply(key(1, "first")), "old");
  EXPECT_TRUE(signs_with("second"));
  EXPECT_EQ(apply(tenant(4)), "old");
  EXPECT_EQ(apply(key(3, "third")), "changed");
  EXPECT_TRUE(signs_with("third"));
}

TEST_F(KeyStateTest, TablesAreMoments) {
  apply(tenant(1));
  apply(key(1, "first"));
  const auto before = state.table();
  apply(key(2, "second"));
  EXPECT_EQ(before->find("key_1")->version, 1);
  EXPECT_EQ(state.table()->find("key_1")->version, 2);
}

TEST_F(KeyStateTest, ATombstoneRemovesAndWhatItRemovedStaysAway) {
  apply(tenant(1));
  apply(key(1, "first"));
  EXPECT_TRUE(state.apply("key/key_1", "").ok());
  EXPECT_EQ(state.table()->find("key_1"), nullptr);
  EXPECT_EQ(apply(key(1, "first")), "old") << "published twice by a publisher that died in between";
  apply(key(2, "second"));
  EXPECT_TRUE(signs_with("second"));
  EXPECT_TRUE(state.apply("tenant/" + kTenant.value.to_string(), "").ok());
  EXPECT_EQ(state.table()->size(), 0u);
}

TEST_F(KeyStateTest, RevokedExpiredAndErasedAreNotUsable) {
  apply(tenant(1));
  codec::KeyRecord record = key(1, "first");
  record.status = codec::KeyStatus::kRetiring;
  record.not_after = TimeUs{1000};
  apply(record);
  EXPECT_TRUE(state.table()->find("key_1")->usable({1000}));
  EXPECT_FALSE(state.table()->find("key_1")->usable({1001}));
  codec::TenantRecord suspended = tenant(2);
  suspended.status = codec::TenantStatus::kSuspended;
  apply(suspended);
  EXPECT_TRUE(state.table()->find("key_1")->usable({1000}));
  codec::TenantRecord erased = tenant(3);
  erased.status = codec::TenantStatus::kErased;
  apply(erased);
  EXPECT_FALSE(state.table()->find("key_1")->usable({1000}));
  apply(tenant(4));
  record = key(2, "first");
  record.status = codec::KeyStatus::kRevoked;
  apply(record);
  EXPECT_FALSE(state.table()->find("key_1")->usable({0}));
}

TEST_F(KeyStateTest, PublicKeysNeedNoSecret) {
  apply(tenant(1));
  const auto secret = crypto::Ed25519SecretKey::random();
  codec::KeyRecord record = key(1, "unused");
  record.algorithm = codec::KeyAlgorithm::kV1a;
  record.sealed.clear();
  record.public_key = crypto::base64_encode(secret.public_key().bytes());
  EXPECT_EQ(apply(record), "changed");
  const auto table = state.table();
  ASSERT_NE(table->find("key_1"), nullptr);
  EXPECT_EQ(table->find("key_1")->verify_key().hmac, nullptr);
  EXPECT_TRUE(table->find("key_1")->verify_key().ed25519->verify("m", secret.sign("m")));
}

TEST_F(KeyStateTest, BearerAndSonarQubeKeysSignNoRequests) {
  apply(tenant(1));
  codec::KeyRecord record = key(1, "text of a secret");
  record.algorithm = codec::KeyAlgorithm::kSonarQube;
  EXPECT_EQ(apply(record), "changed");
  auto table = state.table();
  const KeyEntry* found = table->find("key_1");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->body_hmac &&
              found->body_hmac->mac({"x"}) == crypto::HmacKey("text of a secret").mac({"x"}));
  EXPECT_EQ(found->verify_key().hmac, nullptr);

  record = key(2, "unused");
  record.algorithm = codec::KeyAlgorithm::kBearer;
  record.sealed.clear();
  EXPECT_EQ(apply(record), "schema") << "without its hash";
  record.version = 3;
  record.token_hash = crypto::base64_encode(crypto::as_chars(crypto::bearer_hash("key_1.plb_x")));
  record.include_content = true;
  EXPECT_EQ(apply(record), "changed");
  table = state.table();
  found = table->find("key_1");
  EXPECT_EQ(found->token_hash, crypto::bearer_hash("key_1.plb_x"));
  EXPECT_TRUE(found->include_content);
  EXPECT_FALSE(found->hmac || found->public_key || found->body_hmac);
  EXPECT_EQ(found->verify_key().hmac, nullptr);
  EXPECT_EQ(found->verify_key().ed25519, nullptr);
}

TEST_F(KeyStateTest, ARecordThatCantBeReadConcernsItselfAlone) {
  apply(tenant(1));
  apply(key(1, "first"));
  EXPECT_FALSE(state.apply("key/key_1", "{").ok());
  EXPECT_FALSE(state.apply("key/key_1", "{}").ok());
  EXPECT_FALSE(state.apply("other/key_1", codec::encode(key(2, "second"))).ok());
  EXPECT_FALSE(state.apply("key/key_2", codec::encode(key(2, "second"))).ok())
      << "another key than its record key";
  EXPECT_FALSE(state.apply("tenant/" + kTenant.value.to_string(), codec::encode(tenant(2, kOther))).ok());
  EXPECT_TRUE(signs_with("first"));
}

TEST_F(KeyStateTest, ANewerVersionThatCantBeOpenedEndsTheOlder) {
  apply(tenant(1));
  apply(key(1, "first"));
  EXPECT_EQ(apply(key(2, "second", "key_of_another_row")), "sealed");
  EXPECT_EQ(state.table()->find("key_1"), nullptr);
  KeyState other{sealer(crypto::random_master_key())};
  EXPECT_EQ(other.apply("key/key_1", codec::encode(key(1, "first"))).error().code, "master_key");
}

}  // namespace
}  // namespace plumbline::keys
