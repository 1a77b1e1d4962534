#include "sinks/postgres/keys.h"

#include "sinks/postgres/outbox.h"
#include "sinks/postgres/tenants.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::string_view kSelect =
    "SELECT k.key_id, k.tenant_id, t.slug, k.algorithm, k.status, k.status = 'retiring' AND k.not_after <= "
    "now(), "
    "to_char(k.not_after AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
    "to_char(u.last_used_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
    "to_char(k.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), k.version, "
    "k.include_content "
    "FROM plumbline.signing_keys k JOIN plumbline.tenants t ON t.id = k.tenant_id "
    "LEFT JOIN plumbline.key_usage u ON u.tenant_id = k.tenant_id AND u.key_id = k.key_id ";

SigningKey key_of(const pg::Rows& rows, int row) {
  SigningKey key;
  key.id = {std::string(rows.text(row, 0))};
  key.tenant = {Uuid::parse(rows.text(row, 1)).value_or(Uuid{})};
  key.tenant_slug = rows.text(row, 2);
  key.algorithm = rows.text(row, 3);
  key.status = rows.text(row, 4);
  key.expired = rows.text(row, 5) == "t";
  key.not_after = rows.text(row, 6);
  key.last_used = rows.text(row, 7);
  key.created_at = rows.text(row, 8);
  key.version = rows.integer(row, 9);
  key.include_content = rows.text(row, 10) == "t";
  return key;
}

// bytea as a text parameter and back: hexadecimal behind \x.
std::string to_bytea(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string from_bytea(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return bytes;
}

}  // namespace

KeyStore::KeyStore(pg::Connection& connection, std::string actor)
    : connection_(connection), actor_(std::move(actor)) {}

Status KeyStore::insert(TenantId tenant, const KeyMaterial& material) {
  const std::string id = tenant.value.to_string();
  const std::string_view algorithm = material.algorithm();
  const std::string bytes = to_bytea(algorithm == "v1a"      ? material.public_key
                                     : algorithm == "bearer" ? material.token_hash
                                                             : material.sealed_secret);
  // The tenant's row is locked, so that an erase can't overtake: either it sees this key, or this sees it
  // erased.
  auto open = connection_.query(
      "SELECT 1 FROM plumbline.tenants WHERE id = $1::uuid AND status <> 'erased' FOR UPDATE", {id});
  if (!open) return open.error();
  if (open->size() == 0)
    return poison("tenant_erased", "the tenant is erased or unknown; `plumbline tenant ls` shows them");
  auto added = connection_.query(
      "INSERT INTO plumbline.signing_keys (tenant_id, key_id, algorithm, sealed_secret, public_key, "
      "token_hash, include_content) VALUES ($1, $2, $3, CASE WHEN $3 IN ('v1', 'sonarqube') THEN $4::bytea "
      "END, CASE WHEN $3 = 'v1a' THEN $4::bytea END, CASE WHEN $3 = 'bearer' THEN $4::bytea END, "
      "$5::boolean)",
      {id, material.id.value, algorithm, bytes, material.include_content ? "true" : "false"});
  if (!added) return added.error();
  return enqueue_key(connection_, material.id);
}

Result<SigningKey> KeyStore::add(TenantId tenant, const KeyMaterial& material) {
  return in_transaction(connection_, [&]() -> Result<SigningKey> {
    if (Status added = insert(tenant, material); !added) return added.error();
    if (Status told = audit(connection_, tenant, actor_, "key.create", material.id.value); !told)
      return told.error();
    return find(material.id.value);
  });
}

Result<SigningKey> KeyStore::rotate(const SigningKey& old, const KeyMaterial& material,
                                    std::chrono::seconds overlap) {
  const std::string seconds = std::to_string(overlap.count());
  return in_transaction(connection_, [&]() -> Result<SigningKey> {
    if (Status added = insert(old.tenant, material); !added) return added.error();
    auto retired = connection_.query(
        "UPDATE plumbline.signing_keys SET status = 'retiring', not_after = now() + make_interval(secs => "
        "$2::int), "
        "version = version + 1, updated_at = now() WHERE key_id = $1 AND status = 'active'",
        {old.id.value, seconds});
    if (!retired) return retired.error();
    if (retired->affected() != 1) {
      return poison("key_not_active",
                    "key " + old.id.value + " is not active; create a new key instead of rotating it");
    }
    if (Status queued = enqueue_key(connection_, old.id); !queued) return queued.error();
    if (Status told = audit(connection_, old.tenant, actor_, "key.rotate", old.id.value,
                            "{\"to\":\"" + material.id.value + "\"}");
        !told) {
      return told.error();
    }
    return find(material.id.value);
  });
}

Result<SigningKey> KeyStore::revoke(const SigningKey& key) {
  return in_transaction(connection_, [&]() -> Result<SigningKey> {
    auto changed = connection_.query(
        "UPDATE plumbline.signing_keys SET status = 'revoked', version = version + 1, updated_at = now() "
        "WHERE key_id = $1 AND status <> 'revoked'",
        {key.id.value});
    if (!changed) return changed.error();
    if (changed->affected() == 0) return find(key.id.value);
    if (Status queued = enqueue_key(connection_, key.id); !queued) return queued.error();
    if (Status told = audit(connection_, key.tenant, actor_, "key.revoke", key.id.value); !told)
      return told.error();
    return find(key.id.value);
  });
}

Result<std::vector<SigningKey>> KeyStore::list(std::optional<TenantId> tenant) {
  const std::string id = tenant ? tenant->value.to_string() : "";
  auto rows = connection_.query(std::string(kSelect) +
                                    "WHERE $1::text = '' OR k.tenant_id = nullif($1::text, '')::uuid ORDER "
                                    "BY t.slug, k.created_at, k.key_id",
                                {id});
  if (!rows) return rows.error();
  std::vector<SigningKey> keys;
  for (int i = 0; i < rows->size(); ++i) keys.push_back(key_of(*rows, i));
  return keys;
}

Result<SigningKey> KeyStore::find(std::string_view key_id) {
  auto rows = connection_.query(std::string(kSelect) + "WHERE k.key_id = $1", {key_id});
  if (!rows) return rows.error();
  if (rows->size() == 0)
    return poison("no_key", "no key " + std::string(key_id) + "; `plumbline key ls` shows them");
  return key_of(*rows, 0);
}

Result<SigningKey> KeyStore::find_of(TenantId tenant, std::string_view key_id) {
  // As an expression the id is not looked up in the index over all tenants' keys.
  auto rows = connection_.query(std::string(kSelect) + "WHERE k.tenant_id = $1::uuid AND k.key_id || '' = $2",
                                {tenant.value.to_string(), key_id});
  if (!rows) return rows.error();
  if (rows->size() == 0) return poison("no_key", "no key " + std::string(key_id) + " of this tenant");
  return key_of(*rows, 0);
}

Status revoke_all(pg::Connection& connection, TenantId tenant) {
  auto keys = connection.query(
      "UPDATE plumbline.signing_keys SET status = 'revoked', sealed_secret = NULL, public_key = NULL, "
      "token_hash = NULL, include_content = false, "
      "version = version + 1, "
      "updated_at = now() WHERE tenant_id = $1::uuid RETURNING key_id",
      {tenant.value.to_string()});
  if (!keys) return keys.error();
  for (int i = 0; i < keys->size(); ++i) {
    if (Status queued = enqueue_key(connection, {std::string(keys->text(i, 0))}); !queued) return queued;
  }
  return ok_status();
}

Result<std::vector<SealedKey>> sealed_keys(pg::Connection& connection) {
  auto rows = connection.query(
      "SELECT key_id, tenant_id, sealed_secret FROM plumbline.signing_keys WHERE sealed_secret IS NOT NULL "
      "AND status <> 'revoked' "
      "ORDER BY key_id");
  if (!rows) return rows.error();
  std::vector<SealedKey> keys;
  for (int i = 0; i < rows->size(); ++i) {
    keys.push_back({{std::string(rows->text(i, 0))},
                    {Uuid::parse(rows->text(i, 1)).value_or(Uuid{})},
                    from_bytea(rows->text(i, 2))});
  }
  return keys;
}

Status replace_sealed(pg::Connection& connection, const KeyId& key, std::string_view sealed_secret) {
  auto changed = connection.query(
      "UPDATE plumbline.signing_keys SET sealed_secret = $2::bytea, version = version + 1, updated_at = "
      "now() "
      "WHERE key_id = $1 AND sealed_secret IS NOT NULL",
      {key.value, to_bytea(sealed_secret)});
  if (!changed) return changed.error();
  return enqueue_key(connection, key);
}

}  // namespace plumbline::postgres
