#include "sinks/postgres/notify_unsubscribes.h"

namespace plumbline::postgres {

Result<std::optional<Subscription>> find_subscription(pg::Connection& c, TenantId tenant, const Uuid& route) {
  auto rows = c.query(
      "SELECT r.address, (EXISTS (SELECT FROM plumbline.notify_unsubscribes u WHERE u.tenant_id = "
      "r.tenant_id "
      "AND u.route_id = r.route_id AND u.address = r.address))::int FROM plumbline.notify_routes r WHERE "
      "r.tenant_id = $1 AND r.route_id = $2 AND r.kind = 'email'",
      {tenant.value.to_string(), route.to_string()});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<Subscription>();
  return std::optional<Subscription>(
      Subscription{tenant, route, std::string(rows->text(0, 0)), rows->integer(0, 1) != 0});
}

Status note_unsubscribe(pg::Connection& c, const Subscription& s, std::string_view how, TimeUs now) {
  auto rows = c.query(
      "INSERT INTO plumbline.notify_unsubscribes (tenant_id, route_id, address, how, at) VALUES ($1, $2, $3, "
      "$4, $5) ON CONFLICT DO NOTHING",
      {s.tenant.value.to_string(), s.route.to_string(), s.address, how, format_rfc3339(now)});
  if (!rows) return rows.error();
  return ok_status();
}

}  // namespace plumbline::postgres
