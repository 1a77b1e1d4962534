#include "producers/auth/keys.h"

#include <algorithm>
#include <utility>

#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/webhooks.h"
#include "producers/auth/proof.h"

namespace plumbline::auth {
namespace {

using codec::JsonValue;

constexpr int kOverlapHours = 24;  // an agent that runs with the old key has a day to be started anew

std::string tenant_path(const std::string& tenant, std::string_view rest) {
  return "/api/v1/tenants/" + url_encode(tenant) + std::string(rest);
}

bool manages_keys(const JsonValue& membership) {
  const auto& permissions = membership["permissions"].items();
  return std::any_of(permissions.begin(), permissions.end(),
                     [](const JsonValue& each) { return each.text() == "keys.manage"; });
}

std::string slugs_of(const JsonValue& memberships) {
  std::string names;
  for (const JsonValue& each : memberships.items())
    names.append(names.empty() ? "" : ", ").append(each["tenant"]["slug"].text());
  return names;
}

}  // namespace

Result<Membership> choose_membership(Console& console, const Secret& token, const std::string& tenant) {
  const auto me = console.get("/api/v1/me", token);
  if (!me) return me.error();
  if (!me->ok()) return console.refused("who you are", *me);
  const JsonValue& memberships = me->body["memberships"];
  const std::string email{me->body["user"]["email"].text()};
  if (memberships.items().empty())
    return poison("tenant", email + " is a member of no tenant; an admin invites you in Settings");
  if (tenant.empty() && memberships.items().size() > 1)
    return poison("tenant", email + " is a member of " + slugs_of(memberships) + ": choose one by --tenant");
  for (const JsonValue& each : memberships.items()) {
    const std::string slug{each["tenant"]["slug"].text()}, role{each["role"].text()};
    if (!tenant.empty() && slug != tenant && each["tenant"]["id"].text() != tenant) continue;
    if (!manages_keys(each))
      return poison("role", "making a signing key takes the role operator or admin; " + email + " is " +
                                role + " of " + slug + ". An admin of " + slug +
                                " can change that in Settings, Members, or make the key and hand it over");
    return Membership{slug, role, email};
  }
  return poison("tenant", email + " is no member of " + tenant + ", but of " + slugs_of(memberships));
}

Result<std::string> edge_of(Console& console, const Secret& token, const std::string& tenant) {
  const auto said = console.get(tenant_path(tenant, "/settings"), token);
  if (!said) return said.error();
  if (!said->ok()) return console.refused("the tenant's settings", *said);
  return std::string(said->body["edge_url"].text());
}

Result<NewKey> obtain_key(Console& console, const Secret& token, const std::string& tenant,
                          const push::Profile& before) {
  const auto made = crypto::Ed25519SecretKey::random();
  const std::string public_key = crypto::base64_encode(made.public_key().bytes());
  NewKey key{{}, crypto::format_ed25519_secret(made)};
  std::string body;
  Result<Said> said = Said{};
  if (before.console == console.address() && before.tenant == tenant && !before.key_id.empty() &&
      before.secret.reveal().starts_with("whsk_")) {
    codec::JsonWriter(body)
        .open_object()
        .member("overlap_hours", kOverlapHours)
        .member("public_key", public_key)
        .close_object();
    said = console.post(tenant_path(tenant, "/keys/" + url_encode(before.key_id) + "/rotate"), token, body);
    if (!said) return said.error();
    key.rotated = said->ok();
  }
  // 404 and 409: that key is gone or at its end, so there is nothing to rotate.
  if (said->status == 0 || said->status == 404 || said->status == 409) {
    body.clear();
    codec::JsonWriter(body)
        .open_object()
        .member("algorithm", "v1a")
        .member("public_key", public_key)
        .close_object();
    said = console.post(tenant_path(tenant, "/keys"), token, body);
    if (!said) return said.error();
  }
  key.id = said->body["key"]["id"].text();
  if (!said->ok() || key.id.empty()) return console.refused("a new key", *said);
  return key;
}

Result<bool> disable_key(Console& console, const Secret& token, const std::string& tenant,
                         const std::string& key_id) {
  const auto said = console.post(tenant_path(tenant, "/keys/" + url_encode(key_id) + "/disable"), token, "");
  if (!said) return said.error();
  if (said->status == 404) return false;
  if (!said->ok()) return console.refused("disabling the key " + key_id, *said);
  return true;
}

}  // namespace plumbline::auth
