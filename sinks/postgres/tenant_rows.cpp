#include "sinks/postgres/tenant_rows.h"

#include "sinks/postgres/keys.h"
#include "sinks/postgres/outbox.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

// Rows a deleting transaction takes: short enough locks, few enough round trips.
constexpr const char* kEraseBatch = "20000";

struct Table {
  std::string name;    // for people
  std::string quoted;  // schema-qualified and quoted by the server: safe in SQL text
};

// Everything with a tenant_id but partitions (reached through their parents) and views.
Result<std::vector<Table>> tenant_tables(pg::Connection& c) {
  auto rows = c.query(
      "SELECT k.relname, format('%I.%I', n.nspname, k.relname) FROM pg_class k JOIN pg_namespace n ON n.oid "
      "= k.relnamespace "
      "WHERE n.nspname = 'plumbline' AND k.relkind IN ('r', 'p') AND NOT k.relispartition AND EXISTS (SELECT "
      "FROM pg_attribute a "
      "WHERE a.attrelid = k.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) ORDER BY 1");
  if (!rows) return rows.error();
  std::vector<Table> tables;
  for (int i = 0; i < rows->size(); ++i)
    tables.push_back({std::string(rows->text(i, 0)), std::string(rows->text(i, 1))});
  return tables;
}

// In a transaction: the owner's rights, bound to one tenant's rows.
Status bind_to(pg::Connection& c, const Tenant& tenant) {
  if (Status role = c.execute("SET LOCAL ROLE plumbline_owner"); !role) return role;
  auto set = c.query("SELECT set_config('plumbline.tenant', $1, true)", {tenant.id.value.to_string()});
  if (!set) return set.error();
  return ok_status();
}

// CSV with quote and delimiter that JSON can't contain: the lines come out as they are.
std::string copy_statement(const Table& table) {
  const std::string row = table.name == "signing_keys" || table.name == "notify_routes"
                              ? "(to_jsonb(t) - 'sealed_secret')::text"
                              : "row_to_json(t)::text";
  return "COPY (SELECT " + row + " FROM " + table.quoted +
         " t) TO STDOUT (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')";
}

Result<std::int64_t> erase_table(pg::Connection& c, const Tenant& tenant, const Table& table) {
  std::int64_t total = 0;
  for (;;) {
    auto batch = in_transaction(c, [&]() -> Result<std::int64_t> {
      if (Status bound = bind_to(c, tenant); !bound) return bound.error();
      auto gone = c.query("DELETE FROM " + table.quoted +
                              " t USING (SELECT tableoid AS part, ctid AS place FROM " + table.quoted +
                              " WHERE tenant_id = $1::uuid LIMIT $2::int) x "
                              "WHERE t.tableoid = x.part AND t.ctid = x.place AND t.tenant_id = $1::uuid",
                          {tenant.id.value.to_string(), kEraseBatch});
      if (!gone) return gone.error();
      return gone->affected();
    });
    if (!batch) return batch.error();
    if (*batch == 0) return total;
    total += *batch;
  }
}

Status close_tenant(pg::Connection& c, const Tenant& tenant, std::string_view actor) {
  return in_transaction(c, [&]() -> Status {
    // The slug and name may name a person or company: they go too.
    auto rows = c.query(
        "UPDATE plumbline.tenants SET status = 'erased', slug = 'erased-' || id, name = 'erased', "
        "version = version + 1, updated_at = now() WHERE id = $1 AND status <> 'erased' RETURNING id",
        {tenant.id.value.to_string()});
    if (!rows) return rows.error();
    if (rows->size() == 0) return ok_status();  // an earlier run got so far
    if (Status queued = enqueue_tenant(c, tenant.id); !queued) return queued;
    if (Status revoked = revoke_all(c, tenant.id); !revoked) return revoked;
    return audit(c, tenant.id, actor, "tenant.erase", tenant.id.value.to_string());
  });
}

}  // namespace

Result<RowCounts> export_tenant(pg::Connection& c, const Tenant& tenant,
                                const std::function<Status(std::string_view, std::string_view)>& to) {
  auto tables = tenant_tables(c);
  if (!tables) return tables.error();
  tables->push_back({"tenants", "plumbline.tenants"});
  return in_transaction(c, [&]() -> Result<RowCounts> {
    if (Status snapshot = c.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"); !snapshot) {
      return snapshot.error();
    }
    if (Status bound = bind_to(c, tenant); !bound) return bound.error();
    RowCounts counts;
    for (const Table& table : *tables) {
      std::int64_t& count = counts[table.name];
      const Status copied = c.copy_out(copy_statement(table), [&](std::string_view line) {
        ++count;
        return to(table.name, line);
      });
      if (!copied) return copied.error();
    }
    return counts;
  });
}

Result<RowCounts> erase_tenant(pg::Connection& c, const Tenant& tenant, std::string_view actor) {
  if (Status closed = close_tenant(c, tenant, actor); !closed) return closed.error();
  auto tables = tenant_tables(c);
  if (!tables) return tables.error();
  RowCounts counts;
  // A table that others refer to empties after them: passes until nothing refuses any more.
  for (std::size_t pass = 0; pass <= tables->size(); ++pass) {
    std::optional<Error> referred;
    for (const Table& table : *tables) {
      if (table.name == "signing_keys" || table.name == "audit_log") continue;
      auto gone = erase_table(c, tenant, table);
      if (!gone && gone.error().code != "23503") return gone.error();
      if (!gone) {
        referred = gone.error();
        continue;
      }
      counts[table.name] += *gone;
    }
    if (!referred) return counts;
    if (pass == tables->size()) return *referred;
  }
  return counts;
}

}  // namespace plumbline::postgres
