// Signing keys as rows. Each change, its audit line and its message for keys.v1 in one transaction. Secrets
// come sealed (key_material.h); this never sees them open. Not thread-safe. The connection's role is
// plumbline_control.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

// What a key is made of: one of the three, as raw bytes.
struct KeyMaterial {
  KeyId id;
  std::string sealed_secret = {};  // v1: HMAC-SHA256; sonarqube
  std::string public_key = {};     // v1a: Ed25519
  std::string token_hash = {};     // bearer: SHA-256 of the token
  bool sonarqube = false;          // whose secret it is
  bool include_content = false;    // bearer: prompt and message content may enter

  [[nodiscard]] std::string_view algorithm() const {
    if (!token_hash.empty()) return "bearer";
    if (!public_key.empty()) return "v1a";
    return sonarqube ? "sonarqube" : "v1";
  }
};

struct SigningKey {
  KeyId id;
  TenantId tenant;
  std::string tenant_slug;
  std::string algorithm;  // v1, v1a, bearer, sonarqube
  std::string status;     // active, retiring, revoked
  bool expired = false;   // retiring, and not_after has passed
  std::string not_after;  // RFC 3339; empty: none
  std::string last_used;  // RFC 3339; empty: not seen yet
  std::string created_at;
  std::int64_t version = 0;
  bool include_content = false;
};

class KeyStore {
 public:
  KeyStore(pg::Connection& connection, std::string actor);

  // Poison "tenant_erased" for a tenant that is gone.
  Result<SigningKey> add(TenantId tenant, const KeyMaterial& material);
  // The new key is active at once; the old one stays valid for `overlap`, so no request is refused meanwhile.
  // Poison "key_not_active" unless the old one is active.
  Result<SigningKey> rotate(const SigningKey& old, const KeyMaterial& material, std::chrono::seconds overlap);
  // Refused from now on, for ever. Revoking again changes nothing.
  Result<SigningKey> revoke(const SigningKey& key);
  Result<std::vector<SigningKey>> list(std::optional<TenantId> tenant = std::nullopt);
  // Poison "no_key".
  Result<SigningKey> find(std::string_view key_id);
  // Only among the tenant's own: another tenant's key is no more work than none.
  Result<SigningKey> find_of(TenantId tenant, std::string_view key_id);

 private:
  Status insert(TenantId tenant, const KeyMaterial& material);

  pg::Connection& connection_;
  std::string actor_;
};

// In the caller's transaction: all of a tenant's keys revoked, their material gone, told to the edges.
Status revoke_all(pg::Connection& connection, TenantId tenant);

struct SealedKey {
  KeyId id;
  TenantId tenant;
  std::string sealed_secret;
};
// Every sealed secret that is still needed.
Result<std::vector<SealedKey>> sealed_keys(pg::Connection& connection);

// In the caller's transaction: another sealed form of the same secret, told to the edges.
Status replace_sealed(pg::Connection& connection, const KeyId& key, std::string_view sealed_secret);

}  // namespace plumbline::postgres
