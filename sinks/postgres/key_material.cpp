#include "sinks/postgres/key_material.h"

#include "core/crypto/base64.h"
#include "core/crypto/bearer.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/random.h"
#include "core/crypto/webhooks.h"
#include "sinks/postgres/outbox.h"
#include "sinks/postgres/tenants.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::string_view kPublicPrefix = "whpk_";

std::string context_of(TenantId tenant, const KeyId& key) {
  return crypto::seal_context(tenant.value.to_string(), "keys", "secret", key.value);
}

}  // namespace

NewKey make_hmac_key(const crypto::Sealer& sealer, TenantId tenant) {
  NewKey key;
  const Secret bytes = crypto::random_signing_secret();
  key.material.id = {crypto::random_key_id()};
  key.material.sealed_secret = sealer.seal(bytes, context_of(tenant, key.material.id));
  key.secret = crypto::format_signing_secret(bytes);
  return key;
}

NewKey make_ed25519_key() {
  NewKey key;
  const auto made = crypto::Ed25519SecretKey::random();
  key.material.id = {crypto::random_key_id()};
  key.material.public_key = made.public_key().bytes();
  key.secret = crypto::format_ed25519_secret(made);
  return key;
}

NewKey make_bearer_key(bool include_content) {
  NewKey key;
  key.material.id = {crypto::random_key_id()};
  key.secret = crypto::random_bearer_token(key.material.id.value);
  key.material.token_hash = crypto::as_chars(crypto::bearer_hash(key.secret.reveal()));
  key.material.include_content = include_content;
  return key;
}

NewKey make_sonarqube_key(const crypto::Sealer& sealer, TenantId tenant) {
  NewKey key;
  key.material.id = {crypto::random_key_id()};
  key.material.sonarqube = true;
  key.secret = Secret(crypto::base64url_encode(crypto::random_bytes(32)));
  key.material.sealed_secret = sealer.seal(key.secret, context_of(tenant, key.material.id));
  return key;
}

Result<KeyMaterial> import_ed25519_key(std::string_view text) {
  if (text.starts_with(kPublicPrefix)) text.remove_prefix(kPublicPrefix.size());
  const auto bytes = crypto::base64_decode(text);
  if (!bytes || !crypto::Ed25519PublicKey::from_bytes(*bytes)) {
    return poison("public_key", "a public key is the base64 of 32 bytes, with or without whpk_ before it");
  }
  KeyMaterial material{.id = {crypto::random_key_id()}};
  material.public_key = *bytes;
  return material;
}

Status check_sealed(const crypto::Sealer& sealer, const SealedKey& key) {
  auto opened = sealer.open(key.sealed_secret, context_of(key.tenant, key.id));
  if (!opened) return opened.error();
  return ok_status();
}

Result<std::int64_t> reseal_keys(pg::Connection& connection, const crypto::Sealer& sealer,
                                 const std::string& actor) {
  return in_transaction(connection, [&]() -> Result<std::int64_t> {
    if (Status locked = connection.execute("LOCK TABLE plumbline.signing_keys IN SHARE ROW EXCLUSIVE MODE");
        !locked) {
      return locked.error();
    }
    auto keys = sealed_keys(connection);
    if (!keys) return keys.error();
    std::int64_t changed = 0;
    for (const SealedKey& key : *keys) {
      if (crypto::Sealer::key_id_of(key.sealed_secret) == sealer.key_id()) continue;
      auto sealed = sealer.reseal(key.sealed_secret, context_of(key.tenant, key.id));
      if (!sealed) return sealed.error();
      if (Status kept = replace_sealed(connection, key.id, *sealed); !kept) return kept.error();
      ++changed;
    }
    if (Status told = audit(connection, std::nullopt, actor, "key.reseal", sealer.key_id()); !told)
      return told.error();
    return changed;
  });
}

}  // namespace plumbline::postgres
