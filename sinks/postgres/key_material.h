// What signing keys are made of: generated here, shown once, sealed before they reach a row. Thread-safe.
#pragma once
#include <cstdint>
#include <string>

#include "core/crypto/seal.h"
#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/secret.h"
#include "sinks/postgres/keys.h"

namespace plumbline::postgres {

struct NewKey {
  KeyMaterial material;  // for KeyStore
  Secret secret;         // for the client: whsec_..., whsk_..., a token or SonarQube's; kept nowhere
};

// HMAC-SHA256 (v1): 32 random bytes, sealed and bound to the tenant and the key's id.
[[nodiscard]] NewKey make_hmac_key(const crypto::Sealer& sealer, TenantId tenant);
// Ed25519 (v1a): the edge and the database hold the public key only.
[[nodiscard]] NewKey make_ed25519_key();
// A bearer token for OTLP exporters (core/crypto/bearer.h): its hash is kept.
[[nodiscard]] NewKey make_bearer_key(bool include_content);
// What SonarQube asks for as the secret of a webhook: 43 random characters, sealed as they stand there.
[[nodiscard]] NewKey make_sonarqube_key(const crypto::Sealer& sealer, TenantId tenant);
// An Ed25519 key that the client made itself: base64 of its 32-byte public key, or whpk_ and the same. Poison
// "public_key".
[[nodiscard]] Result<KeyMaterial> import_ed25519_key(std::string_view public_key);

// Proof that the master key fits: opens one sealed secret and forgets it. Errors as Sealer::open.
[[nodiscard]] Status check_sealed(const crypto::Sealer& sealer, const SealedKey& key);
// Wraps every sealed secret under the newest master key, in one transaction; what has it already stays.
// Returns how many changed.
Result<std::int64_t> reseal_keys(pg::Connection& connection, const crypto::Sealer& sealer,
                                 const std::string& actor);

}  // namespace plumbline::postgres
