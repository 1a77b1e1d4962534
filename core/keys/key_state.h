// What the records of keys.v1 say, as of the last one read: a pure fold of records into an immutable table of
// keys. The thread that reads the topic is in keyring.h. A KeyTable may be read by any number of threads.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/codec/records.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/hmac.h"
#include "core/crypto/seal.h"
#include "core/crypto/sha256.h"
#include "core/crypto/webhooks.h"
#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::keys {

struct KeyEntry {
  KeyId id;
  std::int64_t version = 0;
  codec::KeyAlgorithm algorithm = codec::KeyAlgorithm::kV1;
  codec::KeyStatus status = codec::KeyStatus::kActive;
  std::optional<TimeUs> not_after;                     // last moment it may sign
  std::optional<crypto::HmacKey> hmac;                 // v1
  std::optional<crypto::Ed25519PublicKey> public_key;  // v1a
  // Not for signed requests: verify_key() has neither. A SonarQube signature is over a body alone, so a body
  // that spells "id.timestamp.body" would pass for a v1 signature if the two kinds shared a key.
  std::optional<crypto::HmacKey> body_hmac;     // sonarqube
  std::optional<crypto::Digest256> token_hash;  // bearer
  bool include_content = false;                 // bearer: prompt and message content may enter
  std::shared_ptr<const codec::TenantRecord>
      tenant;  // status, limits, retention_days; never null in a KeyTable

  // May sign now. Otherwise treat the request as one with an unknown key. A suspended tenant's key is usable:
  // that the tenant is suspended may be said, for the sender has proved who it is.
  [[nodiscard]] bool usable(TimeUs now) const {
    return status != codec::KeyStatus::kRevoked && tenant->status != codec::TenantStatus::kErased &&
           (!not_after || now <= *not_after);
  }
  [[nodiscard]] crypto::VerifyKey verify_key() const {
    return {.hmac = hmac ? &*hmac : nullptr, .ed25519 = public_key ? &*public_key : nullptr};
  }
};

// An immutable moment of the key ring.
class KeyTable {
 public:
  // nullptr when there is no such key, or its tenant is not known. Lives as long as the table.
  [[nodiscard]] const KeyEntry* find(std::string_view key_id) const {
    const auto at = keys_.find(key_id);
    return at == keys_.end() ? nullptr : at->second.get();
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  friend class KeyState;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, std::shared_ptr<const KeyEntry>, Hash, std::equal_to<>> keys_;
};

enum class Applied : std::uint8_t {
  kChanged,
  kOld,      // a version that is known already, or a lower one
  kRemoved,  // a tombstone
};

// Not thread-safe.
class KeyState {
 public:
  // More records than any installation has; a topic that is not ours can't fill the memory.
  static constexpr std::size_t kRecordsMax = 1'000'000;

  explicit KeyState(crypto::Sealer sealer) : sealer_(std::move(sealer)) {}

  // One record of keys.v1. An error concerns this record alone: what codec::decode_keys_record or
  // crypto::Sealer::open says, or poison "key_record". A key whose newer version can't be read is no longer
  // found: an old secret must not outlive it.
  Result<Applied> apply(std::string_view record_key, std::string_view value);
  [[nodiscard]] std::shared_ptr<const KeyTable> table() const;
  [[nodiscard]] std::size_t records() const { return versions_.size(); }

 private:
  Result<Applied> apply_tenant(codec::TenantRecord record);
  Result<Applied> apply_key(const codec::KeyRecord& record);
  Applied remove(std::string_view record_key);
  // Takes note of a version: kChanged when it is new.
  Result<Applied> note(std::string_view record_key, std::int64_t version);

  struct PendingKey {
    TenantId tenant;
    KeyEntry entry;
  };
  crypto::Sealer sealer_;
  std::unordered_map<std::string, std::int64_t> versions_;  // by record key; stays after a tombstone
  std::unordered_map<TenantId, std::shared_ptr<const codec::TenantRecord>> tenants_;
  std::unordered_map<std::string, PendingKey> keys_;
};

}  // namespace plumbline::keys
