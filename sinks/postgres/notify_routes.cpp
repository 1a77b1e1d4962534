#include "sinks/postgres/notify_routes.h"

#include <algorithm>

#include "core/codec/json_writer.h"
#include "core/crypto/sha256.h"
#include "sinks/postgres/tenants.h"
#include "sinks/postgres/trace_store_arrays.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return bytes;
}

std::string array_of(const std::vector<std::string>& values) {
  TextArray array;
  for (const std::string& value : values) array.add(value);
  return array.text();
}

pg::Param or_null(const std::string& text) {
  return text.empty() ? pg::Param{} : pg::Param{text};
}

std::string context_of(TenantId tenant, const Uuid& route) {
  return crypto::seal_context(tenant.value.to_string(), "notify_routes", "secret", route.to_string());
}

std::string hex_of(std::string_view bytes) {
  return bytes.empty() ? std::string() : "\\x" + crypto::to_hex(crypto::as_bytes(bytes));
}

Error named(Error error, const NotifyRoute& route) {
  if (error.code == "23505") {
    return poison("route_exists", "a route " + route.name +
                                      " exists already; choose another name, or "
                                      "`plumbline route rm` it first");
  }
  if (error.fault == Fault::kPoison) {
    return poison("bad_route", error.message +
                                   ". Name: a-z, 0-9, ., _ and -, up to 63; address: up to 2000 characters; "
                                   "at most 100 repository patterns and 20 event types; quiet hours need two "
                                   "different times");
  }
  return error;
}

}  // namespace

NotifyRoute route_of(const pg::Rows& rows, int row, int first) {
  const auto text = [&](int column) { return std::string(rows.text(row, first + column)); };
  NotifyRoute r;
  r.tenant = {Uuid::parse(text(0)).value_or(Uuid{})};
  r.id = Uuid::parse(text(1)).value_or(Uuid{});
  r.name = text(2);
  r.kind = text(3);
  r.address = text(4);
  r.sealed_secret = from_hex(text(5));
  r.lane = text(6);
  r.admin = rows.integer(row, first + 7) != 0;
  r.repos = lines_of(text(8));
  r.severity_min = text(9);
  r.events = lines_of(text(10));
  r.digest = text(11);
  r.digest_hour = static_cast<std::int32_t>(rows.integer(row, first + 12));
  r.time_zone = text(13);
  r.quiet_from = text(14);
  r.quiet_to = text(15);
  r.critical_passes = rows.integer(row, first + 16) != 0;
  r.muted_until = text(17);
  r.status = text(18);
  r.status_reason = text(19);
  r.failures = rows.integer(row, first + 20);
  r.last_delivered_at = text(21);
  return r;
}

std::string seal_route_secrets(const crypto::Sealer& sealer, TenantId tenant, const Uuid& route,
                               const std::vector<Secret>& secrets) {
  std::string all;
  for (const Secret& secret : secrets) {
    if (!all.empty()) all += '\n';
    all += secret.reveal();
  }
  return sealer.seal(Secret(std::move(all)), context_of(tenant, route));
}

Result<std::vector<Secret>> open_route_secrets(const crypto::Sealer& sealer, const NotifyRoute& route) {
  std::vector<Secret> secrets;
  if (route.sealed_secret.empty()) return secrets;
  auto opened = sealer.open(route.sealed_secret, context_of(route.tenant, route.id));
  if (!opened) return opened.error();
  for (std::string& line : lines_of(opened->reveal())) secrets.emplace_back(std::move(line));
  return secrets;
}

std::string lane_of_channel(std::string_view channel_id) {
  return "slack/" + std::string(channel_id);
}

Result<bool> is_time_zone(pg::Connection& c, std::string_view name) {
  auto rows = c.query("SELECT 1 FROM pg_timezone_names WHERE name = $1", {name});
  if (!rows) return rows.error();
  return rows->size() > 0;
}

RouteStore::RouteStore(pg::Connection& connection, std::string actor)
    : connection_(connection), actor_(std::move(actor)) {}

Result<NotifyRoute> RouteStore::add(const NotifyRoute& r) {
  const std::string tenant = r.tenant.value.to_string(), id = r.id.to_string();
  const std::string secret = hex_of(r.sealed_secret);
  const std::string repos = array_of(r.repos), events = array_of(r.events);
  const std::string hour = std::to_string(r.digest_hour);
  return in_transaction(connection_, [&]() -> Result<NotifyRoute> {
    auto added = connection_.query(
        "INSERT INTO plumbline.notify_routes (tenant_id, route_id, name, kind, address, sealed_secret, lane, "
        "admin, repos, severity_min, events, digest, digest_hour, time_zone, quiet_from, quiet_to, "
        "critical_passes) VALUES ($1, $2, $3, $4, $5, $6::bytea, $7, $8::boolean, $9::text[], $10, "
        "$11::text[], $12, $13::int, $14, $15::time, $16::time, $17::boolean)",
        {tenant, id, r.name, r.kind, r.address, or_null(secret), r.lane, r.admin ? "t" : "f", repos,
         r.severity_min, events, r.digest, hour, r.time_zone, or_null(r.quiet_from), or_null(r.quiet_to),
         r.critical_passes ? "t" : "f"});
    if (!added) return named(added.error(), r);
    std::string detail;
    codec::JsonWriter(detail).open_object().member("kind", r.kind).close_object();
    if (Status told = audit(connection_, r.tenant, actor_, "route.add", r.name, detail); !told)
      return told.error();
    return find(r.tenant, r.name);
  });
}

Result<std::vector<NotifyRoute>> RouteStore::list(std::optional<TenantId> tenant) {
  const std::string id = tenant ? tenant->value.to_string() : "";
  auto rows = connection_.query("SELECT " + std::string(kRouteColumns) +
                                    " FROM plumbline.notify_routes r WHERE $1 = '' OR r.tenant_id = "
                                    "nullif($1, '')::uuid ORDER BY r.tenant_id, r.name",
                                {id});
  if (!rows) return rows.error();
  std::vector<NotifyRoute> routes;
  for (int i = 0; i < rows->size(); ++i) routes.push_back(route_of(*rows, i));
  return routes;
}

Result<NotifyRoute> RouteStore::find(TenantId tenant, std::string_view name) {
  auto rows = connection_.query("SELECT " + std::string(kRouteColumns) +
                                    " FROM plumbline.notify_routes r WHERE r.tenant_id = $1 AND r.name = $2",
                                {tenant.value.to_string(), name});
  if (!rows) return rows.error();
  if (rows->size() == 0) {
    return poison("no_route",
                  "the tenant has no route " + std::string(name) + "; `plumbline route ls` lists them");
  }
  return route_of(*rows, 0);
}

Status RouteStore::change(const NotifyRoute& r, std::string_view action, std::string_view detail,
                          std::string_view sql, std::span<const pg::Param> params) {
  auto rows = connection_.query(sql, params);
  if (!rows) return rows.error();
  return audit(connection_, r.tenant, actor_, action, r.name, detail);
}

Status RouteStore::remove(const NotifyRoute& r) {
  const std::string tenant = r.tenant.value.to_string(), id = r.id.to_string();
  return in_transaction(connection_, [&]() -> Status {
    auto skipped = connection_.query(
        "UPDATE plumbline.notify_deliveries SET state = 'skipped', reason = 'route removed', "
        "finished_at = now() WHERE tenant_id = $1 AND route_id = $2 AND state = 'pending'",
        {tenant, id});
    if (!skipped) return skipped.error();
    const pg::Param params[] = {tenant, id};
    return change(r, "route.remove", "{}",
                  "DELETE FROM plumbline.notify_routes WHERE tenant_id = $1 AND route_id = $2", params);
  });
}

Status RouteStore::mute(const NotifyRoute& r, std::string_view until) {
  const std::string tenant = r.tenant.value.to_string(), id = r.id.to_string();
  std::string detail;
  codec::JsonWriter(detail).open_object().member("until", until).close_object();
  return in_transaction(connection_, [&]() -> Status {
    const pg::Param params[] = {tenant, id, until};
    return change(r, until.empty() ? "route.unmute" : "route.mute", detail,
                  "UPDATE plumbline.notify_routes SET muted_until = nullif($3, '')::timestamptz, "
                  "updated_at = now() WHERE tenant_id = $1 AND route_id = $2",
                  params);
  });
}

Status RouteStore::enable(const NotifyRoute& r, bool resubscribe) {
  const std::string tenant = r.tenant.value.to_string(), id = r.id.to_string();
  return in_transaction(connection_, [&]() -> Status {
    if (resubscribe) {
      auto gone = connection_.query(
          "DELETE FROM plumbline.notify_unsubscribes WHERE tenant_id = $1 AND route_id = $2", {tenant, id});
      if (!gone) return gone.error();
    }
    auto lane = connection_.query(
        "UPDATE plumbline.notify_lanes SET not_before = '-infinity' WHERE tenant_id = $1 AND lane = $2",
        {tenant, r.lane});
    if (!lane) return lane.error();
    const pg::Param params[] = {tenant, id};
    return change(r, "route.enable", resubscribe ? R"({"resubscribe":true})" : "{}",
                  "UPDATE plumbline.notify_routes SET status = 'active', status_reason = NULL, failures = 0, "
                  "failing_since = NULL, updated_at = now() WHERE tenant_id = $1 AND route_id = $2",
                  params);
  });
}

Status RouteStore::replace_secret(const NotifyRoute& r, std::string_view sealed) {
  const std::string tenant = r.tenant.value.to_string(), id = r.id.to_string(), hex = hex_of(sealed);
  return in_transaction(connection_, [&]() -> Status {
    const pg::Param params[] = {tenant, id, hex};
    return change(r, "route.rotate", "{}",
                  "UPDATE plumbline.notify_routes SET sealed_secret = $3::bytea, updated_at = now() WHERE "
                  "tenant_id = $1 AND route_id = $2",
                  params);
  });
}

Result<Uuid> RouteStore::test(const NotifyRoute& r, TimeUs now) {
  const Uuid delivery = Uuid::random();
  const std::string tenant = r.tenant.value.to_string(), at = format_rfc3339(now);
  std::string notice;
  codec::JsonWriter(notice)
      .open_object()
      .member("title", "Plumbline test message")
      .member("text", "Route " + r.name + " works. Sent on request of " + actor_ + ".")
      .close_object();
  return in_transaction(connection_, [&]() -> Result<Uuid> {
    auto added = connection_.query(
        "INSERT INTO plumbline.notify_deliveries (tenant_id, delivery_id, route_id, lane, kind, content, "
        "notice, urgent, state, due_at, created_at) VALUES ($1, $2, $3, $4, $5, 'test', $6::jsonb, true, "
        "'pending', $7, $7)",
        {tenant, delivery.to_string(), r.id.to_string(), r.lane, r.kind, notice, at});
    if (!added) return added.error();
    auto lane = connection_.query(
        "INSERT INTO plumbline.notify_lanes AS l (tenant_id, lane, due_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (tenant_id, lane) DO UPDATE SET due_at = least(l.due_at, excluded.due_at)",
        {tenant, r.lane, at});
    if (!lane) return lane.error();
    if (Status told = audit(connection_, r.tenant, actor_, "route.test", r.name); !told) return told.error();
    return delivery;
  });
}

Result<DeliveryState> delivery_state(pg::Connection& c, TenantId tenant, const Uuid& delivery) {
  auto rows = c.query(
      "SELECT state, coalesce(reason, ''), attempts FROM plumbline.notify_deliveries "
      "WHERE tenant_id = $1 AND delivery_id = $2",
      {tenant.value.to_string(), delivery.to_string()});
  if (!rows) return rows.error();
  if (rows->size() == 0) return poison("no_delivery", "there is no such delivery");
  return DeliveryState{std::string(rows->text(0, 0)), std::string(rows->text(0, 1)), rows->integer(0, 2)};
}

Result<std::vector<DeliveryLine>> recent_deliveries(pg::Connection& c, const NotifyRoute& r,
                                                    std::int64_t most) {
  auto rows = c.query(
      "SELECT to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), coalesce(e.type, "
      "d.content), coalesce(e.body::jsonb ->> 'repo', e.body::jsonb ->> 'agent', ''), d.state, "
      "coalesce(d.reason, ''), d.attempts, d.resend::int FROM plumbline.notify_deliveries d LEFT JOIN "
      "plumbline.notify_events e ON e.tenant_id = d.tenant_id AND e.event_id = d.event_id WHERE d.tenant_id "
      "= "
      "$1 AND d.route_id = $2 ORDER BY d.created_at DESC, d.seq DESC LIMIT $3::int",
      {r.tenant.value.to_string(), r.id.to_string(), std::to_string(most)});
  if (!rows) return rows.error();
  std::vector<DeliveryLine> lines;
  for (int i = 0; i < rows->size(); ++i) {
    const auto text = [&](int column) { return std::string(rows->text(i, column)); };
    lines.push_back(
        {text(0), text(1), text(2), text(3), text(4), rows->integer(i, 5), rows->integer(i, 6) != 0});
  }
  return lines;
}

Result<std::vector<NotifyRoute>> routes_of(pg::Connection& c, TenantId tenant) {
  auto rows = c.query("SELECT " + std::string(kRouteColumns) +
                          " FROM plumbline.notify_routes r WHERE r.tenant_id = $1 ORDER BY r.route_id",
                      {tenant.value.to_string()});
  if (!rows) return rows.error();
  std::vector<NotifyRoute> routes;
  for (int i = 0; i < rows->size(); ++i) routes.push_back(route_of(*rows, i));
  return routes;
}

Result<std::int64_t> reseal_routes(pg::Connection& c, const crypto::Sealer& sealer,
                                   const std::string& actor) {
  return in_transaction(c, [&]() -> Result<std::int64_t> {
    auto rows = c.query("SELECT " + std::string(kRouteColumns) +
                        " FROM plumbline.notify_routes r WHERE r.sealed_secret IS NOT NULL FOR UPDATE");
    if (!rows) return rows.error();
    std::int64_t changed = 0;
    for (int i = 0; i < rows->size(); ++i) {
      const NotifyRoute r = route_of(*rows, i);
      if (crypto::Sealer::key_id_of(r.sealed_secret) == sealer.key_id()) continue;
      auto sealed = sealer.reseal(r.sealed_secret, context_of(r.tenant, r.id));
      if (!sealed) return sealed.error();
      auto kept = c.query(
          "UPDATE plumbline.notify_routes SET sealed_secret = $3::bytea WHERE tenant_id = $1 AND route_id = "
          "$2",
          {r.tenant.value.to_string(), r.id.to_string(), hex_of(*sealed)});
      if (!kept) return kept.error();
      ++changed;
    }
    if (Status told = audit(c, std::nullopt, actor, "route.reseal", sealer.key_id()); !told)
      return told.error();
    return changed;
  });
}

}  // namespace plumbline::postgres
