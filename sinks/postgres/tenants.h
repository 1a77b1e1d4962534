// Tenants as rows; each change, its audit line and its message for keys.v1 (the outbox) in one transaction.
// Not thread-safe. The connection's role is plumbline_control.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

struct TenantLimits {
  std::int64_t traces_per_s = 0;
  std::int64_t burst = 0;
  std::int64_t agent_traces_per_s = 0;
  std::int64_t agent_burst = 0;
};

struct Tenant {
  TenantId id;
  std::string slug;
  std::string name;
  std::string status;  // active, suspended, erased
  std::int64_t retention_days = 0;
  TenantLimits limits;
  std::int64_t version = 0;
  std::string created_at;
};

// What is to change; unset members stay (at creation: the table's defaults).
struct TenantChange {
  std::optional<std::string> name = {};
  std::optional<std::int64_t> retention_days = {};
  std::optional<std::int64_t> traces_per_s = {};
  std::optional<std::int64_t> burst = {};
  std::optional<std::int64_t> agent_traces_per_s = {};
  std::optional<std::int64_t> agent_burst = {};
};

class TenantStore {
 public:
  // `actor` stands in the audit log: who runs the command.
  TenantStore(pg::Connection& connection, std::string actor);

  // Poison "tenant_exists" when the slug is taken, "bad_tenant" when a value is out of its bounds.
  Result<Tenant> create(std::string_view slug, const TenantChange& with);
  Result<std::vector<Tenant>> list();
  // By slug or id; poison "no_tenant".
  Result<Tenant> find(std::string_view slug_or_id);
  Result<Tenant> change(const Tenant& tenant, const TenantChange& change);
  // "active" or "suspended"; an erased tenant stays erased (poison "tenant_erased").
  Result<Tenant> set_status(const Tenant& tenant, std::string_view status);

 private:
  Result<Tenant> update(const Tenant& tenant, std::string_view action, std::string_view sql,
                        std::span<const pg::Param> params);

  pg::Connection& connection_;
  std::string actor_;
};

// Columns and reading shared with the outbox.
inline constexpr std::string_view kTenantColumns =
    "id, slug, name, status, retention_days, traces_per_s, burst, agent_traces_per_s, agent_burst, version, "
    "to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
[[nodiscard]] Tenant tenant_of(const pg::Rows& rows, int row);

// One line of the audit log, in the caller's transaction. `detail` is a JSON object without payloads or
// secrets.
Status audit(pg::Connection& connection, std::optional<TenantId> tenant, std::string_view actor,
             std::string_view action, std::string_view subject, std::string_view detail = "{}");

}  // namespace plumbline::postgres
