#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "core/crypto/seal.h"
#include "sinks/postgres/key_material.h"
#include "sinks/postgres/keys.h"
#include "sinks/postgres/notify_routes.h"
#include "sinks/postgres/outbox.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::KeyStore;
using postgres::SigningKey;

struct Words {
  std::string tenant;
  std::string key;
  std::string algorithm = "v1";
  std::string public_key;
  std::int64_t overlap_hours = 24;
  bool all = false;
  bool bearer = false;
  bool sonarqube = false;
  bool content = false;
};

void print(const SigningKey& k) {
  const std::string until = k.not_after.empty() ? "" : "  until " + k.not_after;
  fmt::print("{}  {}  {}{}  {}{}  last used {}\n", k.id.value, k.tenant_slug, k.algorithm,
             k.include_content ? " with content" : "", k.expired ? "expired" : k.status, until,
             k.last_used.empty() ? "never" : k.last_used);
}

// The secret goes to standard output once and nowhere else.
void print_new(const SigningKey& key, const Secret& secret) {
  fmt::print("key     {}\n", key.id.value);
  if (secret.empty()) return;
  fmt::print("{}  {}\n", key.algorithm == "bearer" ? "token " : "secret", secret.reveal());
  fmt::print(stderr, "Keep it now: it is not shown again.\n");
  if (key.algorithm == "bearer") {
    fmt::print(stderr,
               "Exporters send it as OTEL_EXPORTER_OTLP_HEADERS=\"Authorization=Bearer%20<token>\".\n");
  } else if (key.algorithm == "sonarqube") {
    fmt::print(stderr, "The webhook's address ends with /api/v1/webhooks/sonarqube/{}.\n", key.id.value);
  }
}

Result<postgres::NewKey> make_material(const config::Config& config, const Words& words, TenantId tenant) {
  if (!words.public_key.empty()) {
    auto imported = postgres::import_ed25519_key(words.public_key);
    if (!imported) return imported.error();
    return postgres::NewKey{std::move(*imported), Secret()};
  }
  if (words.algorithm == "v1a") return postgres::make_ed25519_key();
  if (words.bearer) return postgres::make_bearer_key(words.content);
  auto sealer = crypto::Sealer::from_text(config.keys.master_key);
  if (!sealer) return sealer.error();
  return words.sonarqube ? postgres::make_sonarqube_key(*sealer, tenant)
                         : postgres::make_hmac_key(*sealer, tenant);
}

int create(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = postgres::TenantStore(*connection, actor()).find(words.tenant);
  if (!tenant) return fail(tenant.error());
  auto made = make_material(config, words, tenant->id);
  if (!made) return fail(made.error());
  auto key = KeyStore(*connection, actor()).add(tenant->id, made->material);
  if (!key) return fail(key.error());
  print_new(*key, made->secret);
  return kOk;
}

int rotate(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  KeyStore store(*connection, actor());
  auto old = store.find(words.key);
  if (!old) return fail(old.error());
  Words same = words;
  same.algorithm = old->algorithm;
  if (old->algorithm != "v1a") same.public_key.clear();
  same.bearer = old->algorithm == "bearer";
  same.sonarqube = old->algorithm == "sonarqube";
  same.content = old->include_content;
  auto made = make_material(config, same, old->tenant);
  if (!made) return fail(made.error());
  auto key = store.rotate(*old, made->material, std::chrono::hours(words.overlap_hours));
  if (!key) return fail(key.error());
  print_new(*key, made->secret);
  auto retiring = store.find(words.key);
  if (retiring) fmt::print("old     {} is valid until {}\n", retiring->id.value, retiring->not_after);
  return kOk;
}

int list(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  std::optional<TenantId> only;
  if (!words.tenant.empty()) {
    auto tenant = postgres::TenantStore(*connection, actor()).find(words.tenant);
    if (!tenant) return fail(tenant.error());
    only = tenant->id;
  }
  auto keys = KeyStore(*connection, actor()).list(only);
  if (!keys) return fail(keys.error());
  for (const SigningKey& key : *keys) print(key);
  return kOk;
}

int revoke(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  KeyStore store(*connection, actor());
  auto key = store.find(words.key);
  if (!key) return fail(key.error());
  auto revoked = store.revoke(*key);
  if (!revoked) return fail(revoked.error());
  print(*revoked);
  return kOk;
}

int reseal(const config::Config& config, const Words&) {
  auto sealer = crypto::Sealer::from_text(config.keys.master_key);
  if (!sealer) return fail(sealer.error());
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto changed = postgres::reseal_keys(*connection, *sealer, actor());
  if (!changed) return fail(changed.error());
  fmt::print("{} keys sealed anew under master key {}\n", *changed, sealer->key_id());
  auto routes = postgres::reseal_routes(*connection, *sealer, actor());
  if (!routes) return fail(routes.error());
  fmt::print("{} routes' secrets sealed anew\n", *routes);
  return kOk;
}

int publish(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  if (words.all) {
    auto queued = postgres::enqueue_all(*connection);
    if (!queued) return fail(queued.error());
  }
  auto waiting = postgres::outbox_size(*connection);
  if (!waiting) return fail(waiting.error());
  fmt::print("{} records wait in the outbox; `plumbline up` or `plumbline persist` publishes them\n",
             *waiting);
  return kOk;
}

}  // namespace

void add_key(Commands& commands) {
  auto& group = commands.group("key", "keys: create, ls, rotate, revoke, reseal, publish");
  const auto words = std::make_shared<Words>();
  const auto leaf = [&](const char* name, const char* help, auto run) -> CLI::App& {
    return commands.add(group, name, help,
                        [words, run](const config::Loaded& l) { return run(l.config, *words); });
  };
  auto& make = leaf("create", "make a key; its secret is shown once", create);
  make.add_option("tenant,--tenant", words->tenant, "slug or id")->required();
  make.add_option("--algorithm", words->algorithm,
                  "v1 (HMAC-SHA256) or v1a (Ed25519: the edge holds the public key only)")
      ->check(CLI::IsMember({"v1", "v1a"}));
  make.add_option("--public-key", words->public_key, "v1a: the client's own key, base64 of 32 bytes");
  auto* signing = make.get_option("--algorithm");
  auto* bearer = make.add_flag("--bearer", words->bearer,
                               "a token for OTLP exporters, sent as Authorization: Bearer (docs/otlp.md)");
  make.add_flag("--content", words->content, "with --bearer: prompt and message content may enter, too")
      ->needs(bearer);
  bearer->excludes(signing, make.get_option("--public-key"));
  make.add_flag("--sonarqube", words->sonarqube, "a secret for SonarQube's webhook (docs/formats.md)")
      ->excludes(signing, make.get_option("--public-key"), bearer);
  leaf("ls", "list keys with their last use", list)
      .add_option("tenant,--tenant", words->tenant, "slug or id; all without");
  auto& turn = leaf("rotate", "make a new key; the old one stays valid for the overlap", rotate);
  turn.add_option("key", words->key, "key id")->required();
  turn.add_option("--overlap-hours", words->overlap_hours, "how long the old one stays valid")
      ->check(CLI::Range(0, 24 * 365));
  turn.add_option("--public-key", words->public_key, "v1a: the client's own new key");
  leaf("revoke", "refuse a key from now on, for ever", revoke)
      .add_option("key", words->key, "key id")
      ->required();
  leaf("reseal", "seal all secrets under the newest master key (keys.master_key: new one first)", reseal);
  leaf("publish", "show what waits for keys.v1", publish)
      .add_flag("--all", words->all, "queue every tenant and key again, for a log that lacks them");
}

}  // namespace plumbline::app
