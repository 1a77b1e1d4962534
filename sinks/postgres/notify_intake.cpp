#include "sinks/postgres/notify_intake.h"

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {

Result<bool> note_event(pg::Connection& c, const NotifyEventRow& event, TimeUs now) {
  auto rows = c.query(
      "INSERT INTO plumbline.notify_events (tenant_id, event_id, type, time, recorded_at, body, noted_at) "
      "SELECT id, $2, $3, $4, $5, $6, $7 FROM plumbline.tenants WHERE id = $1 AND status <> 'erased' "
      "ON CONFLICT (tenant_id, event_id) DO NOTHING",
      {event.tenant.value.to_string(), event.id.to_string(), event.type, format_rfc3339(event.time),
       format_rfc3339(event.recorded_at), event.body, format_rfc3339(now)});
  if (!rows) return rows.error();
  return rows->affected() > 0;
}

Status add_delivery(pg::Connection& c, const NewDelivery& d, TimeUs now) {
  const NotifyRoute& r = *d.route;
  const std::string event = d.event ? d.event->to_string() : "",
                    thread = d.thread ? d.thread->to_string() : "";
  const std::string hour = std::to_string(r.digest_hour);
  const bool skipped = !d.skip_reason.empty();
  const bool digest = r.digest != "none";
  auto rows = c.query(
      "INSERT INTO plumbline.notify_deliveries (tenant_id, delivery_id, route_id, event_id, lane, kind, "
      "content, thread_id, urgent, state, reason, due_at, finished_at, created_at) "
      "VALUES ($1, gen_random_uuid(), $2, nullif($3, '')::uuid, $4, $5, $6, nullif($7, '')::uuid, "
      "$8::boolean, $9, nullif($10, ''), plumbline.notify_digest_at($11::timestamptz, $12, $13, $14::int), "
      "CASE WHEN $9 = 'skipped' THEN $11::timestamptz END, $11::timestamptz) "
      "ON CONFLICT (tenant_id, route_id, event_id) DO NOTHING",
      {r.tenant.value.to_string(), r.id.to_string(), event, r.lane, r.kind, digest ? "digest" : "event",
       digest ? "" : thread, d.urgent ? "t" : "f", skipped ? "skipped" : "pending", d.skip_reason,
       format_rfc3339(now), r.time_zone, digest ? r.digest : "none", hour});
  if (!rows) return rows.error();
  return ok_status();
}

Status make_thread_urgent(pg::Connection& c, const NotifyRoute& route, const Uuid& thread) {
  auto rows = c.query(
      "UPDATE plumbline.notify_deliveries SET urgent = true, due_at = CASE WHEN attempts = 0 THEN created_at "
      "ELSE due_at END WHERE tenant_id = $1 AND route_id = $2 AND thread_id = $3 AND state = 'pending' "
      "AND NOT urgent",
      {route.tenant.value.to_string(), route.id.to_string(), thread.to_string()});
  if (!rows) return rows.error();
  return ok_status();
}

Status wake_lanes(pg::Connection& c, const std::vector<LaneName>& lanes) {
  if (lanes.empty()) return ok_status();
  TextArray tenants, names;
  for (const LaneName& lane : lanes) {
    tenants.add(lane.tenant.value.to_string());
    names.add(lane.lane);
  }
  auto rows = c.query(
      "INSERT INTO plumbline.notify_lanes AS l (tenant_id, lane, due_at) "
      "SELECT w.tenant_id, w.lane, coalesce((SELECT min(d.due_at) FROM plumbline.notify_deliveries d "
      "WHERE d.tenant_id = w.tenant_id AND d.lane = w.lane AND d.state IN ('pending', 'claimed')), "
      "'infinity') FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS w (tenant_id, lane, n) ORDER BY "
      "w.n "
      "ON CONFLICT (tenant_id, lane) DO UPDATE SET due_at = least(l.due_at, excluded.due_at)",
      {tenants.text(), names.text()});
  if (!rows) return rows.error();
  return ok_status();
}

Status prune_notify(pg::Connection& c, TimeUs now) {
  // What is open is never too old here: age_max gives it up long before.
  constexpr const char* kBatches[] = {
      "DELETE FROM plumbline.notify_events WHERE ctid IN (SELECT e.ctid FROM plumbline.notify_events e JOIN "
      "plumbline.tenants t ON t.id = e.tenant_id WHERE t.status = 'erased' OR e.noted_at < $1::timestamptz - "
      "make_interval(days => t.retention_days) LIMIT 5000)",
      "DELETE FROM plumbline.notify_deliveries WHERE ctid IN (SELECT d.ctid FROM plumbline.notify_deliveries "
      "d "
      "JOIN plumbline.tenants t ON t.id = d.tenant_id WHERE t.status = 'erased' OR (d.state NOT IN "
      "('pending', "
      "'claimed') AND d.created_at < $1::timestamptz - make_interval(days => t.retention_days)) LIMIT 5000)",
      "DELETE FROM plumbline.notify_threads WHERE ctid IN (SELECT h.ctid FROM plumbline.notify_threads h "
      "JOIN "
      "plumbline.tenants t ON t.id = h.tenant_id WHERE t.status = 'erased' OR h.updated_at < $1::timestamptz "
      "- "
      "make_interval(days => t.retention_days) LIMIT 5000)"};
  for (const char* sql : kBatches) {
    for (;;) {
      auto gone = c.query(sql, {format_rfc3339(now)});
      if (!gone) return gone.error();
      if (gone->affected() < 5000) break;
    }
  }
  return ok_status();
}

}  // namespace plumbline::postgres
