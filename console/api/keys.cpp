// Signing keys, by the same code as `plumbline key`.
#include "sinks/postgres/keys.h"

#include "console/api/body.h"
#include "console/api/page.h"
#include "console/api/rows.h"
#include "core/codec/json_writer.h"
#include "sinks/postgres/key_material.h"

namespace plumbline::console {
namespace {

using postgres::KeyStore;
using postgres::SigningKey;

// $1-$2 key, $3 rows.
constexpr std::string_view kKeys =
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", " PLUMBLINE_CONSOLE_MOMENT(
        "x.created_at") ", x.id) FROM (SELECT k.key_id AS id, k.algorithm, CASE WHEN k.status = 'retiring' AND k.not_after "
    "<= now() THEN 'expired' ELSE k.status END AS status, k.not_after, u.last_used_at, k.created_at FROM "
    "plumbline.signing_keys k LEFT JOIN plumbline.key_usage u ON u.tenant_id = k.tenant_id AND u.key_id = k.key_id) x WHERE "
    "$1::text IS NULL OR (x.created_at, x.id) < ($1::timestamptz, $2::text) ORDER BY x.created_at DESC, x.id DESC LIMIT "
    "$3::int";

void write_optional(codec::JsonWriter& out, std::string_view name, std::string_view text) {
  out.key(name);
  if (text.empty()) {
    out.null();
  } else {
    out.text(text);
  }
}

void write_key(codec::JsonWriter& out, const SigningKey& key) {
  out.open_object().member("id", key.id.value).member("algorithm", key.algorithm);
  out.member("status", key.expired ? std::string_view("expired") : std::string_view(key.status));
  write_optional(out, "not_after", key.not_after);
  write_optional(out, "last_used_at", key.last_used);
  out.member("created_at", key.created_at).close_object();
}

Result<postgres::NewKey> material_of(Ask& ask, const std::string& algorithm, const std::string& public_key) {
  if (!public_key.empty()) {
    auto imported = postgres::import_ed25519_key(public_key);
    if (!imported) return poison("bad_request", imported.error().message);
    return postgres::NewKey{std::move(*imported), Secret()};
  }
  if (algorithm == "v1a") return postgres::make_ed25519_key();
  return postgres::make_hmac_key(ask.service.sealer, ask.scope.tenant);
}

// A key of this tenant; another's is as if it were not there.
Result<SigningKey> own_key(Ask& ask, KeyStore& store, std::string_view id) {
  auto key = store.find_of(ask.scope.tenant, id);
  if (!key && key.error().code == "no_key") return poison("not_found", "there is no such key");
  return key;
}

Answer made(const SigningKey& key, const Secret& secret, const SigningKey* old) {
  std::string body;
  codec::JsonWriter out(body);
  out.open_object().key("key");
  write_key(out, key);
  write_optional(out, "secret", secret.reveal());
  if (old != nullptr) {
    out.key("old");
    write_key(out, *old);
  }
  out.close_object();
  Answer answer = json(std::move(body), 201);
  answer.fields = "Cache-Control: no-store\r\n";
  return answer;
}

}  // namespace

Reply list_keys(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  return answer_page(ask, *page, 2, kKeys, {});
}

Reply add_key(Ask& ask) {
  auto body = Body::read(ask.call, {"algorithm", "public_key"});
  if (!body) return body.error();
  auto algorithm = body->word_or("algorithm", body->has("public_key") ? "v1a" : "v1", {"v1", "v1a"});
  if (!algorithm) return algorithm.error();
  auto public_key = body->text_or("public_key", "", 100);
  if (!public_key) return public_key.error();
  if (!public_key->empty() && *algorithm == "v1")
    return poison("bad_request", "public_key goes with algorithm v1a");
  auto material = material_of(ask, *algorithm, *public_key);
  if (!material) return material.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  auto key = KeyStore(**control, ask.caller.email).add(ask.scope.tenant, material->material);
  if (!key) return key.error();
  return std::optional(made(*key, material->secret, nullptr));
}

Reply rotate_key(Ask& ask) {
  auto body = Body::read(ask.call, {"overlap_hours", "public_key"});
  if (!body) return body.error();
  auto hours = body->integer_or("overlap_hours", 24, 0, 24 * 365);
  if (!hours) return hours.error();
  auto public_key = body->text_or("public_key", "", 100);
  if (!public_key) return public_key.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  KeyStore store(**control, ask.caller.email);
  auto old = own_key(ask, store, ask.parts[0]);
  if (!old) return old.error();
  if (old->algorithm != "v1" && old->algorithm != "v1a")
    return poison("conflict", "keys of kind " + old->algorithm + " are rotated by `plumbline key rotate`");
  if (!public_key->empty() && old->algorithm == "v1")
    return poison("bad_request", "public_key goes with keys of algorithm v1a; this one is v1");
  auto material = material_of(ask, old->algorithm, *public_key);
  if (!material) return material.error();
  auto key = store.rotate(*old, material->material, std::chrono::hours(*hours));
  if (!key && key.error().code == "key_not_active")
    return poison("conflict", "the key is not active any more; make a new one instead");
  if (!key) return key.error();
  auto retiring = own_key(ask, store, ask.parts[0]);
  if (!retiring) return retiring.error();
  return std::optional(made(*key, material->secret, &*retiring));
}

Reply disable_key(Ask& ask) {
  auto control = ask.database.control();
  if (!control) return control.error();
  KeyStore store(**control, ask.caller.email);
  auto key = own_key(ask, store, ask.parts[0]);
  if (!key) return key.error();
  auto revoked = store.revoke(*key);
  if (!revoked) return revoked.error();
  std::string out;
  codec::JsonWriter writer(out);
  write_key(writer, *revoked);
  return std::optional(json(std::move(out)));
}

}  // namespace plumbline::console
