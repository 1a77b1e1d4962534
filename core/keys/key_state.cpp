#include "core/keys/key_state.h"

#include <utility>

#include "core/crypto/base64.h"

namespace plumbline::keys {
namespace {

constexpr std::string_view kTenantPrefix = "tenant/";
constexpr std::string_view kKeyPrefix = "key/";

Error refused(std::string_view what) {
  return poison("key_record", "a record of keys.v1 " + std::string(what));
}

Status add_public_key(const codec::KeyRecord& record, KeyEntry& entry) {
  const auto bytes = crypto::base64_decode(record.public_key);
  if (!bytes) return refused("holds no base64 where its key should be");
  entry.public_key = crypto::Ed25519PublicKey::from_bytes(*bytes);
  if (!entry.public_key) return refused("holds a public key of another length than 32 bytes");
  return ok_status();
}

Status add_token_hash(const codec::KeyRecord& record, KeyEntry& entry) {
  crypto::Digest256 hash{};
  if (crypto::base64_decode_into(record.token_hash, hash) != hash.size())
    return refused("holds no base64 of 32 bytes where its token's hash should be");
  entry.token_hash = hash;
  entry.include_content = record.include_content;
  return ok_status();
}

Status add_secret(const codec::KeyRecord& record, const crypto::Sealer& sealer,
                  std::optional<crypto::HmacKey>& hmac) {
  const auto bytes = crypto::base64_decode(record.sealed);
  if (!bytes) return refused("holds no base64 where its key should be");
  const std::string context =
      crypto::seal_context(record.tenant.value.to_string(), "keys", "secret", record.key_id.value);
  auto secret = sealer.open(*bytes, context);
  if (!secret) return secret.error();
  hmac.emplace(secret->reveal());
  return ok_status();
}

// Sets what checks requests.
Status add_material(const codec::KeyRecord& record, const crypto::Sealer& sealer, KeyEntry& entry) {
  switch (record.algorithm) {
    case codec::KeyAlgorithm::kV1a:
      return add_public_key(record, entry);
    case codec::KeyAlgorithm::kBearer:
      return add_token_hash(record, entry);
    case codec::KeyAlgorithm::kSonarQube:
      return add_secret(record, sealer, entry.body_hmac);
    case codec::KeyAlgorithm::kV1:
      break;
  }
  return add_secret(record, sealer, entry.hmac);
}

}  // namespace

Result<Applied> KeyState::apply(std::string_view record_key, std::string_view value) {
  if (!record_key.starts_with(kTenantPrefix) && !record_key.starts_with(kKeyPrefix)) {
    return refused("has a key that is neither tenant/... nor key/...");
  }
  if (value.empty()) return remove(record_key);
  auto record = codec::decode_keys_record(value);
  if (!record) return record.error();
  if (record_key != std::visit([](const auto& one) { return codec::record_key(one); }, *record)) {
    return refused("is about something else than its key says");
  }
  if (auto* tenant = std::get_if<codec::TenantRecord>(&*record)) return apply_tenant(std::move(*tenant));
  return apply_key(std::get<codec::KeyRecord>(*record));
}

Result<Applied> KeyState::note(std::string_view record_key, std::int64_t version) {
  const auto known = versions_.find(std::string(record_key));
  if (known == versions_.end()) {
    if (versions_.size() >= kRecordsMax) return refused("is one too many: 1000000 are held");
    versions_.emplace(record_key, version);
    return Applied::kChanged;
  }
  if (version <= known->second) return Applied::kOld;
  known->second = version;
  return Applied::kChanged;
}

Result<Applied> KeyState::apply_tenant(codec::TenantRecord record) {
  auto noted = note(codec::record_key(record), record.version);
  if (!noted || *noted == Applied::kOld) return noted;
  const TenantId id = record.tenant;
  tenants_[id] = std::make_shared<const codec::TenantRecord>(std::move(record));
  return Applied::kChanged;
}

Result<Applied> KeyState::apply_key(const codec::KeyRecord& record) {
  auto noted = note(codec::record_key(record), record.version);
  if (!noted || *noted == Applied::kOld) return noted;
  keys_.erase(record.key_id.value);  // whatever comes, the older version is over
  KeyEntry entry;
  entry.id = record.key_id;
  entry.version = record.version;
  entry.algorithm = record.algorithm;
  entry.status = record.status;
  entry.not_after = record.not_after;
  if (Status added = add_material(record, sealer_, entry); !added) return added.error();
  keys_.emplace(record.key_id.value, PendingKey{record.tenant, std::move(entry)});
  return Applied::kChanged;
}

Applied KeyState::remove(std::string_view record_key) {
  if (record_key.starts_with(kKeyPrefix)) {
    keys_.erase(std::string(record_key.substr(kKeyPrefix.size())));
  } else if (const auto id = Uuid::parse(record_key.substr(kTenantPrefix.size()))) {
    tenants_.erase(TenantId{*id});
  }
  return Applied::kRemoved;
}

std::shared_ptr<const KeyTable> KeyState::table() const {
  auto table = std::make_shared<KeyTable>();
  table->keys_.reserve(keys_.size());
  for (const auto& [id, pending] : keys_) {
    const auto tenant = tenants_.find(pending.tenant);
    if (tenant == tenants_.end()) continue;
    auto entry = std::make_shared<KeyEntry>(pending.entry);
    entry->tenant = tenant->second;
    table->keys_.emplace(id, std::move(entry));
  }
  return table;
}

}  // namespace plumbline::keys
