#include "sinks/postgres/tenants.h"

#include "sinks/postgres/outbox.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

// A number as a parameter; unset is NULL.
class NumberParam {
 public:
  explicit NumberParam(const std::optional<std::int64_t>& value) {
    if (value) text_ = std::to_string(*value);
  }
  operator pg::Param() const {
    return text_.empty() ? pg::Param{} : pg::Param{text_};
  }  // NOLINT: implicit on purpose

 private:
  std::string text_;
};

pg::Param text_param(const std::optional<std::string>& value) {
  return value ? pg::Param{*value} : pg::Param{};
}

Error named(Error error, std::string_view slug) {
  if (error.code == "23505") {
    return poison("tenant_exists", "a tenant " + std::string(slug) + " exists already; choose another slug");
  }
  if (error.code == "23514" || error.code == "22003") {
    return poison(
        "bad_tenant",
        error.message +
            ". Slug: a-z, 0-9 and -, up to 63; name: 1 to 200 characters; retention: 1 to 3660 days; "
            "rates: 1 to 1000000 a second; bursts: 1 to 10000000");
  }
  return error;
}

}  // namespace

Tenant tenant_of(const pg::Rows& rows, int row) {
  Tenant t;
  t.id = {Uuid::parse(rows.text(row, 0)).value_or(Uuid{})};
  t.slug = rows.text(row, 1);
  t.name = rows.text(row, 2);
  t.status = rows.text(row, 3);
  t.retention_days = rows.integer(row, 4);
  t.limits = {rows.integer(row, 5), rows.integer(row, 6), rows.integer(row, 7), rows.integer(row, 8)};
  t.version = rows.integer(row, 9);
  t.created_at = rows.text(row, 10);
  return t;
}

Status audit(pg::Connection& connection, std::optional<TenantId> tenant, std::string_view actor,
             std::string_view action, std::string_view subject, std::string_view detail) {
  const std::string id = tenant ? tenant->value.to_string() : std::string();
  auto added = connection.query(
      "INSERT INTO plumbline.audit_log (tenant_id, actor, action, subject, detail) "
      "VALUES (nullif($1, '')::uuid, $2, $3, $4, $5::jsonb)",
      {id, actor, action, subject, detail});
  if (!added) return added.error();
  return ok_status();
}

TenantStore::TenantStore(pg::Connection& connection, std::string actor)
    : connection_(connection), actor_(std::move(actor)) {}

Result<Tenant> TenantStore::create(std::string_view slug, const TenantChange& with) {
  const std::string id = Uuid::random().to_string();
  const std::string name = with.name.value_or(std::string(slug));
  const NumberParam days(with.retention_days), rate(with.traces_per_s), burst(with.burst),
      agent_rate(with.agent_traces_per_s), agent_burst(with.agent_burst);
  // Two statements, so that a default stands in the table and nowhere else.
  return in_transaction(connection_, [&]() -> Result<Tenant> {
    auto made = connection_.query(
        "INSERT INTO plumbline.tenants (id, slug, name, version) VALUES ($1, $2, $3, 0)", {id, slug, name});
    if (!made) return named(made.error(), slug);
    auto rows = connection_.query(
        "UPDATE plumbline.tenants SET retention_days = coalesce($2::int, retention_days), "
        "traces_per_s = coalesce($3::int, traces_per_s), burst = coalesce($4::int, burst), "
        "agent_traces_per_s = coalesce($5::int, agent_traces_per_s), agent_burst = coalesce($6::int, "
        "agent_burst), "
        "version = 1 WHERE id = $1 RETURNING " +
            std::string(kTenantColumns),
        {id, days, rate, burst, agent_rate, agent_burst});
    if (!rows) return named(rows.error(), slug);
    Tenant tenant = tenant_of(*rows, 0);
    if (Status queued = enqueue_tenant(connection_, tenant.id); !queued) return queued.error();
    if (Status told = audit(connection_, tenant.id, actor_, "tenant.create", slug); !told)
      return told.error();
    return tenant;
  });
}

Result<std::vector<Tenant>> TenantStore::list() {
  auto rows =
      connection_.query("SELECT " + std::string(kTenantColumns) + " FROM plumbline.tenants ORDER BY slug");
  if (!rows) return rows.error();
  std::vector<Tenant> tenants;
  for (int i = 0; i < rows->size(); ++i) tenants.push_back(tenant_of(*rows, i));
  return tenants;
}

Result<Tenant> TenantStore::find(std::string_view slug_or_id) {
  const auto id = Uuid::parse(slug_or_id);
  const std::string text = id ? id->to_string() : std::string(slug_or_id);
  const std::string where = id ? " WHERE id = $1::uuid" : " WHERE slug = $1";
  auto rows =
      connection_.query("SELECT " + std::string(kTenantColumns) + " FROM plumbline.tenants" + where, {text});
  if (!rows) return rows.error();
  if (rows->size() == 0) {
    return poison("no_tenant", "no tenant " + std::string(slug_or_id) + "; `plumbline tenant ls` shows them");
  }
  return tenant_of(*rows, 0);
}

Result<Tenant> TenantStore::update(const Tenant& tenant, std::string_view action, std::string_view sql,
                                   std::span<const pg::Param> params) {
  return in_transaction(connection_, [&]() -> Result<Tenant> {
    auto rows = connection_.query(std::string(sql) + " RETURNING " + std::string(kTenantColumns), params);
    if (!rows) return named(rows.error(), tenant.slug);
    if (rows->size() == 0) {
      return poison("tenant_erased",
                    "tenant " + tenant.slug + " is erased, which is for ever; create a new one");
    }
    Tenant changed = tenant_of(*rows, 0);
    if (Status queued = enqueue_tenant(connection_, changed.id); !queued) return queued.error();
    if (Status told = audit(connection_, changed.id, actor_, action, changed.slug); !told)
      return told.error();
    return changed;
  });
}

Result<Tenant> TenantStore::change(const Tenant& tenant, const TenantChange& change) {
  const std::string id = tenant.id.value.to_string();
  const NumberParam days(change.retention_days), rate(change.traces_per_s), burst(change.burst),
      agent_rate(change.agent_traces_per_s), agent_burst(change.agent_burst);
  const pg::Param params[] = {id, text_param(change.name), days, rate, burst, agent_rate, agent_burst};
  return update(tenant, "tenant.limits",
                "UPDATE plumbline.tenants SET name = coalesce($2, name), retention_days = coalesce($3::int, "
                "retention_days), "
                "traces_per_s = coalesce($4::int, traces_per_s), burst = coalesce($5::int, burst), "
                "agent_traces_per_s = coalesce($6::int, agent_traces_per_s), agent_burst = coalesce($7::int, "
                "agent_burst), "
                "version = version + 1, updated_at = now() WHERE id = $1 AND status <> 'erased'",
                params);
}

Result<Tenant> TenantStore::set_status(const Tenant& tenant, std::string_view status) {
  const std::string id = tenant.id.value.to_string();
  const pg::Param params[] = {id, status};
  return update(tenant, status == "suspended" ? "tenant.suspend" : "tenant.resume",
                "UPDATE plumbline.tenants SET status = $2, version = version + 1, updated_at = now() "
                "WHERE id = $1 AND status <> 'erased'",
                params);
}

}  // namespace plumbline::postgres
