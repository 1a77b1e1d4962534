// How routes fare, and the figures of the whole queue.
#include "core/codec/json_writer.h"
#include "sinks/postgres/notify_queue.h"

namespace plumbline::postgres {

Status route_delivered(pg::Connection& c, TenantId tenant, const Uuid& route, TimeUs now) {
  auto rows = c.query(
      "UPDATE plumbline.notify_routes SET failures = 0, failing_since = NULL, last_delivered_at = $3, status "
      "= "
      "CASE WHEN status = 'failing' THEN 'active' ELSE status END, status_reason = CASE WHEN status = "
      "'disabled' THEN status_reason END WHERE tenant_id = $1 AND route_id = $2",
      {tenant.value.to_string(), route.to_string(), format_rfc3339(now)});
  if (!rows) return rows.error();
  return ok_status();
}

Result<RouteHealth> route_failed(pg::Connection& c, TenantId tenant, const Uuid& route,
                                 std::string_view reason, TimeUs now) {
  auto rows = c.query(
      "UPDATE plumbline.notify_routes SET failures = failures + 1, failing_since = coalesce(failing_since, "
      "$4), status = CASE WHEN status = 'active' AND failures >= 2 THEN 'failing' ELSE status END, "
      "status_reason = CASE WHEN status = 'disabled' THEN status_reason ELSE $3 END WHERE tenant_id = $1 AND "
      "route_id = $2 RETURNING failures, (extract(epoch FROM failing_since) * 1000000)::bigint, status",
      {tenant.value.to_string(), route.to_string(), reason, format_rfc3339(now)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return RouteHealth{0, now, "removed"};
  return RouteHealth{rows->integer(0, 0), {rows->integer(0, 1)}, std::string(rows->text(0, 2))};
}

Result<std::int64_t> disable_route(pg::Connection& c, TenantId tenant, const Uuid& route,
                                   std::string_view reason, TimeUs now) {
  const std::string owner = tenant.value.to_string(), id = route.to_string(), at = format_rfc3339(now);
  auto disabled = c.query(
      "UPDATE plumbline.notify_routes SET status = 'disabled', status_reason = $3, updated_at = $4 WHERE "
      "tenant_id = $1 AND route_id = $2 AND status <> 'disabled' RETURNING name",
      {owner, id, reason, at});
  if (!disabled) return disabled.error();
  if (disabled->size() == 0) return std::int64_t{-1};
  auto skipped = c.query(
      "UPDATE plumbline.notify_deliveries SET state = 'skipped', reason = 'route disabled', finished_at = $3 "
      "WHERE tenant_id = $1 AND route_id = $2 AND state = 'pending'",
      {owner, id, at});
  if (!skipped) return skipped.error();
  const std::string name(disabled->text(0, 0));
  std::string notice;
  codec::JsonWriter(notice)
      .open_object()
      .member("title", "Plumbline disabled notification route " + name)
      .member("text", "Route " + name + " is disabled: " + std::string(reason) + "\n" +
                          std::to_string(skipped->affected()) +
                          " waiting messages were not sent by it; further ones are recorded as skipped.\n"
                          "Once it is repaired: plumbline route enable " +
                          name)
      .close_object();
  // Admin routes; where the tenant has none that works, all that work.
  auto told = c.query(
      "WITH others AS (SELECT route_id, lane, kind, admin FROM plumbline.notify_routes WHERE tenant_id = $1 "
      "AND "
      "route_id <> $2 AND status <> 'disabled'), chosen AS (SELECT * FROM others WHERE admin OR NOT EXISTS "
      "(SELECT FROM others o WHERE o.admin)), added AS (INSERT INTO plumbline.notify_deliveries (tenant_id, "
      "delivery_id, route_id, lane, kind, content, notice, urgent, state, due_at, created_at) SELECT $1, "
      "gen_random_uuid(), route_id, lane, kind, 'notice', $3::jsonb, true, 'pending', $4, $4 FROM chosen "
      "RETURNING lane) INSERT INTO plumbline.notify_lanes AS l (tenant_id, lane, due_at) SELECT DISTINCT "
      "$1::uuid, lane, $4::timestamptz FROM added ORDER BY lane ON CONFLICT (tenant_id, lane) DO UPDATE SET "
      "due_at = least(l.due_at, excluded.due_at)",
      {owner, id, notice, at});
  if (!told) return told.error();
  return told->affected();
}

Result<QueueState> queue_state(pg::Connection& c, TimeUs now) {
  auto rows = c.query(
      "SELECT (SELECT count(*) FROM plumbline.notify_deliveries WHERE state IN ('pending', 'claimed')), "
      "coalesce((SELECT (greatest(extract(epoch FROM $1::timestamptz - min(due_at)), 0) * 1000)::bigint FROM "
      "plumbline.notify_deliveries WHERE state IN ('pending', 'claimed')), 0), "
      "(SELECT count(*) FROM plumbline.notify_routes WHERE status = 'failing'), "
      "(SELECT count(*) FROM plumbline.notify_routes WHERE status = 'disabled')",
      {format_rfc3339(now)});
  if (!rows) return rows.error();
  return QueueState{rows->integer(0, 0), static_cast<double>(rows->integer(0, 1)) / 1000, rows->integer(0, 2),
                    rows->integer(0, 3)};
}

}  // namespace plumbline::postgres
