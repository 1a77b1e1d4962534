#include "sinks/postgres/outbox.h"

#include <optional>
#include <string>

#include "core/clock.h"
#include "core/frame.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

// "outboxpl" as a number: held by the one publisher of a database.
constexpr const char* kPublisherLock = "8031170767226958956";
constexpr const char* kBatch = "500";

// Locked against change while they are read, so that no older version comes to stand behind a newer one.
constexpr std::string_view kTenantRecords =
    "INSERT INTO plumbline.outbox (topic, key, value) SELECT 'keys.v1', 'tenant/' || id, "
    "jsonb_build_object('v', 1, 'type', 'tenant', "
    "'tenant', id, 'name', name, 'version', version, 'status', status, 'retention_days', retention_days, "
    "'limits', "
    "jsonb_build_object('traces_per_s', traces_per_s, 'burst', burst, 'agent_traces_per_s', "
    "agent_traces_per_s, "
    "'agent_burst', agent_burst))::text FROM plumbline.tenants WHERE $1::uuid IS NULL OR id = $1::uuid FOR "
    "UPDATE";
// A key whose material was erased gets a tombstone: the edge forgets it.
constexpr std::string_view kKeyRecords =
    "INSERT INTO plumbline.outbox (topic, key, value) SELECT 'keys.v1', 'key/' || key_id, "
    "CASE WHEN coalesce(sealed_secret, public_key, token_hash) IS NULL THEN '' ELSE (jsonb_build_object('v', "
    "1, 'type', "
    "'key', "
    "'key_id', key_id, 'tenant', tenant_id, 'version', version, 'status', status, 'algorithm', algorithm, "
    "'not_after', "
    "to_char(not_after AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) || "
    "jsonb_strip_nulls(jsonb_build_object("
    "'sealed', replace(encode(sealed_secret, 'base64'), E'\\n', ''), "
    "'public_key', replace(encode(public_key, 'base64'), E'\\n', ''), "
    "'token_hash', replace(encode(token_hash, 'base64'), E'\\n', ''), "
    "'content', CASE WHEN include_content THEN 'included' END)))::text END "
    "FROM plumbline.signing_keys WHERE $1::text IS NULL OR key_id = $1::text FOR UPDATE";

Result<std::int64_t> enqueue(pg::Connection& c, std::string_view sql, pg::Param which) {
  auto added = c.query(sql, {which});
  if (!added) return added.error();
  return added->affected();
}

Status publish(log::Log& log, std::string_view topic, std::string_view key, std::string_view value) {
  const log::Header headers[] = {{frame::kContentType, "application/json"}};
  log::Record record{.topic = topic, .partition = 0, .key = key, .value = value, .headers = headers};
  record.timestamp_ms = SystemClock().now().value / 1000;
  auto offset = log::append_and_wait(log, record);
  if (!offset) return offset.error();
  return ok_status();
}

}  // namespace

Status enqueue_tenant(pg::Connection& c, TenantId tenant) {
  auto queued = enqueue(c, kTenantRecords, tenant.value.to_string());
  if (!queued) return queued.error();
  return ok_status();
}

Status enqueue_key(pg::Connection& c, const KeyId& key) {
  auto queued = enqueue(c, kKeyRecords, key.value);
  if (!queued) return queued.error();
  return ok_status();
}

Result<std::int64_t> enqueue_all(pg::Connection& c) {
  return in_transaction(c, [&]() -> Result<std::int64_t> {
    auto tenants = enqueue(c, kTenantRecords, std::nullopt);
    if (!tenants) return tenants;
    auto keys = enqueue(c, kKeyRecords, std::nullopt);
    if (!keys) return keys;
    return *tenants + *keys;
  });
}

Result<std::int64_t> outbox_size(pg::Connection& c) {
  auto rows = c.query("SELECT count(*) FROM plumbline.outbox");
  if (!rows) return rows.error();
  return rows->integer(0, 0);
}

Result<std::int64_t> publish_outbox(pg::Connection& c, log::Log& log) {
  std::int64_t published = 0;
  for (;;) {
    auto rows =
        c.query("SELECT id, topic, key, value FROM plumbline.outbox ORDER BY id LIMIT $1::int", {kBatch});
    if (!rows) return rows.error();
    if (rows->size() == 0) return published;
    std::string done = "{";
    std::optional<Error> failed;
    for (int i = 0; i < rows->size() && !failed; ++i) {
      if (Status sent = publish(log, rows->text(i, 1), rows->text(i, 2), rows->text(i, 3)); !sent) {
        failed = sent.error();
        break;
      }
      done.append(done.size() > 1 ? "," : "").append(rows->text(i, 0));
      ++published;
    }
    // Also after a failure: what was acknowledged needs no second time.
    auto deleted = c.query("DELETE FROM plumbline.outbox WHERE id = ANY($1::bigint[])", {done + "}"});
    if (failed) return *failed;
    if (!deleted) return deleted.error();
  }
}

Result<bool> try_lock_publisher(pg::Connection& c) {
  auto rows = c.query("SELECT pg_try_advisory_lock($1::bigint)", {kPublisherLock});
  if (!rows) return rows.error();
  return rows->text(0, 0) == "t";
}

void unlock_publisher(pg::Connection& c) {
  if (!c.broken()) (void)c.query("SELECT pg_advisory_unlock($1::bigint)", {kPublisherLock});
}

}  // namespace plumbline::postgres
