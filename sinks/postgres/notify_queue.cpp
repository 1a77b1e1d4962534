#include "sinks/postgres/notify_queue.h"

#include <algorithm>

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

// Of a delivery d: no earlier one of its incident is open on the route.
constexpr std::string_view kUnblocked =
    " AND (d.thread_id IS NULL OR NOT EXISTS (SELECT FROM plumbline.notify_deliveries e WHERE e.tenant_id = "
    "d.tenant_id AND e.route_id = d.route_id AND e.thread_id = d.thread_id AND e.seq < d.seq AND e.state IN "
    "('pending', 'claimed'))) ";
constexpr std::string_view kDeliveryColumns =
    "d.tenant_id, d.delivery_id, d.route_id, d.kind, d.content, d.event_id, coalesce(v.body, ''), "
    "coalesce(d.notice ->> 'title', ''), coalesce(d.notice ->> 'text', ''), d.thread_id, d.message_id, "
    "d.urgent::int, d.resend::int, d.attempts, (extract(epoch FROM d.created_at) * 1000000)::bigint";
constexpr int kDeliveryColumnCount = 15;

Delivery delivery_of(const pg::Rows& rows, int row) {
  Delivery d;
  d.tenant = {Uuid::parse(rows.text(row, 0)).value_or(Uuid{})};
  d.id = Uuid::parse(rows.text(row, 1)).value_or(Uuid{});
  d.route = Uuid::parse(rows.text(row, 2)).value_or(Uuid{});
  d.kind = rows.text(row, 3);
  d.content = rows.text(row, 4);
  d.event = Uuid::parse(rows.text(row, 5));
  d.event_body = rows.text(row, 6);
  d.notice_title = rows.text(row, 7);
  d.notice_text = rows.text(row, 8);
  d.thread = Uuid::parse(rows.text(row, 9));
  d.message = Uuid::parse(rows.text(row, 10));
  d.urgent = rows.integer(row, 11) != 0;
  d.resend = rows.integer(row, 12) != 0;
  d.attempts = rows.integer(row, 13);
  d.created_at = {rows.integer(row, 14)};
  return d;
}

std::string ids_of(const std::vector<Delivery>& deliveries) {
  TextArray ids;
  for (const Delivery& d : deliveries) ids.add(d.id.to_string());
  return ids.text();
}

Status done(const Result<pg::Rows>& rows) {
  if (!rows) return rows.error();
  return ok_status();
}

Status end_delivery(pg::Connection& c, const Delivery& d, std::string_view state, std::string_view reason,
                    TimeUs now) {
  return done(c.query(
      "UPDATE plumbline.notify_deliveries SET state = $3, reason = $4, finished_at = $5 WHERE tenant_id = $1 "
      "AND delivery_id = $2 AND state = 'pending'",
      {d.tenant.value.to_string(), d.id.to_string(), state, reason, format_rfc3339(now)}));
}

// Precondition: this transaction holds the lane's row, locked by an earlier statement, so that this one sees
// every delivery whose insertion woke the lane before.
Status rest_lane(pg::Connection& c, const LaneName& lane, std::string_view not_before) {
  return done(c.query(
      "UPDATE plumbline.notify_lanes SET owner = NULL, leased_until = NULL, not_before = "
      "coalesce(nullif($3, '')::timestamptz, not_before), due_at = coalesce((SELECT min(d.due_at) FROM "
      "plumbline.notify_deliveries d WHERE d.tenant_id = $1 AND d.lane = $2 AND d.state IN ('pending', "
      "'claimed')" +
          std::string(kUnblocked) + "), 'infinity') WHERE tenant_id = $1 AND lane = $2",
      {lane.tenant.value.to_string(), lane.lane, not_before}));
}

}  // namespace

Result<std::optional<TakenLane>> take_lane(pg::Connection& c, TimeUs now) {
  auto rows = c.query(
      "SELECT tenant_id, lane FROM plumbline.notify_lanes WHERE due_at <= $1::timestamptz AND not_before <= "
      "$1::timestamptz AND (leased_until IS NULL OR leased_until < clock_timestamp()) ORDER BY due_at LIMIT "
      "1 "
      "FOR UPDATE SKIP LOCKED",
      {format_rfc3339(now)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<TakenLane>();
  TakenLane taken{{{Uuid::parse(rows->text(0, 0)).value_or(Uuid{})}, std::string(rows->text(0, 1))}, 0};
  auto orphans = c.query(
      "UPDATE plumbline.notify_deliveries SET state = 'pending', resend = true, due_at = $3, reason = 'the "
      "sender ended before it recorded an outcome' WHERE tenant_id = $1 AND lane = $2 AND state = 'claimed'",
      {taken.name.tenant.value.to_string(), taken.name.lane, format_rfc3339(now)});
  if (!orphans) return orphans.error();
  taken.orphans = orphans->affected();
  return std::optional<TakenLane>(std::move(taken));
}

Result<std::chrono::milliseconds> until_due(pg::Connection& c, TimeUs now, std::chrono::milliseconds most) {
  auto rows = c.query(
      "SELECT ceil(least(min(greatest(extract(epoch FROM greatest(due_at, not_before) - $1::timestamptz), "
      "extract(epoch FROM coalesce(leased_until, clock_timestamp()) - clock_timestamp()), 0)), $2::float8) * "
      "1000)::bigint FROM plumbline.notify_lanes WHERE due_at <= $1::timestamptz + make_interval(secs => $2)",
      {format_rfc3339(now), std::to_string(static_cast<double>(most.count()) / 1000)});
  if (!rows) return rows.error();
  if (rows->size() == 0 || rows->is_null(0, 0)) return most;
  return std::min(most, std::chrono::milliseconds(rows->integer(0, 0)));
}

Result<std::optional<Candidate>> next_candidate(pg::Connection& c, const LaneName& lane, TimeUs now) {
  auto rows = c.query(
      "SELECT " + std::string(kDeliveryColumns) +
          ", t.name, t.status, (extract(epoch FROM plumbline.notify_quiet_until($3::timestamptz, "
          "r.time_zone, "
          "r.quiet_from, r.quiet_to)) * 1000000)::bigint, coalesce(r.muted_until > $3::timestamptz, "
          "false)::int, "
          "(EXISTS (SELECT FROM plumbline.notify_unsubscribes u WHERE u.tenant_id = d.tenant_id AND "
          "u.route_id "
          "= d.route_id AND u.address = r.address AND r.kind = 'email'))::int, coalesce(h.first_ref, ''), "
          "coalesce(h.last_ref, ''), " +
          std::string(kRouteColumns) +
          " FROM plumbline.notify_deliveries d JOIN plumbline.tenants t ON t.id = d.tenant_id "
          "LEFT JOIN plumbline.notify_routes r ON r.tenant_id = d.tenant_id AND r.route_id = d.route_id "
          "LEFT JOIN plumbline.notify_events v ON v.tenant_id = d.tenant_id AND v.event_id = d.event_id "
          "LEFT JOIN plumbline.notify_threads h ON h.tenant_id = d.tenant_id AND h.route_id = d.route_id AND "
          "h.thread_id = d.thread_id WHERE d.tenant_id = $1 AND d.lane = $2 AND d.state = 'pending' AND "
          "d.due_at <= $3::timestamptz" +
          std::string(kUnblocked) + "ORDER BY d.due_at, d.seq LIMIT 1",
      {lane.tenant.value.to_string(), lane.lane, format_rfc3339(now)});
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<Candidate>();
  constexpr int kAfter = kDeliveryColumnCount;
  Candidate found;
  found.delivery = delivery_of(*rows, 0);
  found.tenant_name = rows->text(0, kAfter);
  found.tenant_status = rows->text(0, kAfter + 1);
  if (!rows->is_null(0, kAfter + 2)) found.quiet_until = TimeUs{rows->integer(0, kAfter + 2)};
  found.muted = rows->integer(0, kAfter + 3) != 0;
  found.unsubscribed = rows->integer(0, kAfter + 4) != 0;
  found.first_ref = rows->text(0, kAfter + 5);
  found.last_ref = rows->text(0, kAfter + 6);
  if (!rows->is_null(0, kAfter + 7)) found.route = route_of(*rows, 0, kAfter + 7);
  return std::optional<Candidate>(std::move(found));
}

Status skip_delivery(pg::Connection& c, const Delivery& d, std::string_view reason, TimeUs now) {
  return end_delivery(c, d, "skipped", reason, now);
}
Status fail_delivery(pg::Connection& c, const Delivery& d, std::string_view reason, TimeUs now) {
  return end_delivery(c, d, "failed", reason, now);
}

Status defer_delivery(pg::Connection& c, const Delivery& d, TimeUs until) {
  return done(
      c.query("UPDATE plumbline.notify_deliveries SET due_at = $3 WHERE tenant_id = $1 AND delivery_id = $2",
              {d.tenant.value.to_string(), d.id.to_string(), format_rfc3339(until)}));
}

Result<std::vector<Delivery>> digest_of(pg::Connection& c, const Delivery& first, TimeUs now,
                                        std::size_t most) {
  const std::string message = first.message ? first.message->to_string() : "";
  auto rows = c.query(
      "SELECT " + std::string(kDeliveryColumns) +
          " FROM plumbline.notify_deliveries d LEFT JOIN plumbline.notify_events v ON v.tenant_id = "
          "d.tenant_id AND v.event_id = d.event_id WHERE d.tenant_id = $1 AND d.route_id = $2 AND d.content "
          "= "
          "'digest' AND d.state = 'pending' AND CASE WHEN $3 = '' THEN d.message_id IS NULL AND d.due_at <= "
          "$4::timestamptz ELSE d.message_id = nullif($3, '')::uuid END ORDER BY d.seq LIMIT $5::int",
      {first.tenant.value.to_string(), first.route.to_string(), message, format_rfc3339(now),
       std::to_string(most)});
  if (!rows) return rows.error();
  std::vector<Delivery> all;
  for (int i = 0; i < rows->size(); ++i) all.push_back(delivery_of(*rows, i));
  const auto is_first = [&](const Delivery& d) { return d.id == first.id; };
  if (std::none_of(all.begin(), all.end(), is_first)) all = {first};
  return all;
}

Status claim(pg::Connection& c, const LaneName& lane, const std::vector<Delivery>& deliveries,
             const Uuid& message, const Uuid& owner, std::chrono::milliseconds lease, TimeUs now) {
  const std::string tenant = lane.tenant.value.to_string(), who = owner.to_string();
  auto claimed = c.query(
      "UPDATE plumbline.notify_deliveries SET state = 'claimed', message_id = $3, claimed_by = $4, "
      "claimed_at "
      "= $5, attempts = attempts + 1 WHERE tenant_id = $1 AND delivery_id = ANY ($2::uuid[]) AND state = "
      "'pending'",
      {tenant, ids_of(deliveries), message.to_string(), who, format_rfc3339(now)});
  if (!claimed) return claimed.error();
  return done(
      c.query("UPDATE plumbline.notify_lanes SET owner = $3, leased_until = clock_timestamp() + "
              "make_interval(secs => "
              "$4) WHERE tenant_id = $1 AND lane = $2",
              {tenant, lane.lane, who, std::to_string(static_cast<double>(lease.count()) / 1000)}));
}

Status release_unclaimed(pg::Connection& c, const LaneName& lane) {
  return rest_lane(c, lane, "");
}

Result<bool> finish(pg::Connection& c, const LaneName& lane, const std::vector<Delivery>& deliveries,
                    const Uuid& owner, const Finish& outcome, TimeUs now) {
  const std::string tenant = lane.tenant.value.to_string(), who = owner.to_string();
  auto held = c.query(
      "SELECT 1 FROM plumbline.notify_lanes WHERE tenant_id = $1 AND lane = $2 AND owner = $3 FOR UPDATE",
      {tenant, lane.lane, who});
  if (!held) return held.error();
  if (held->size() == 0) return false;
  const bool again = outcome.what == Finish::What::kAgain;
  const std::string_view state = again                                      ? "pending"
                                 : outcome.what == Finish::What::kDelivered ? "delivered"
                                                                            : "failed";
  auto ended = c.query(
      "UPDATE plumbline.notify_deliveries SET state = $4, reason = nullif($5, ''), external_ref = nullif($6, "
      "''), resend = resend OR $7::boolean, due_at = CASE WHEN $4 = 'pending' THEN $8::timestamptz ELSE "
      "due_at "
      "END, finished_at = CASE WHEN $4 <> 'pending' THEN $9::timestamptz END WHERE tenant_id = $1 AND "
      "delivery_id = ANY ($2::uuid[]) AND state = 'claimed' AND claimed_by = $3",
      {tenant, ids_of(deliveries), who, state, outcome.reason, outcome.external_ref,
       again && outcome.resend ? "t" : "f", format_rfc3339(again ? outcome.again_at : now),
       format_rfc3339(now)});
  if (!ended) return ended.error();
  const Delivery& first = deliveries.front();
  if (outcome.what == Finish::What::kDelivered && first.thread && !outcome.external_ref.empty()) {
    auto kept = c.query(
        "INSERT INTO plumbline.notify_threads (tenant_id, route_id, thread_id, first_ref, last_ref, "
        "updated_at) "
        "VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (tenant_id, route_id, thread_id) DO UPDATE SET last_ref "
        "= "
        "excluded.last_ref, updated_at = excluded.updated_at",
        {tenant, first.route.to_string(), first.thread->to_string(), outcome.external_ref,
         format_rfc3339(now)});
    if (!kept) return kept.error();
  }
  const std::string not_before = outcome.lane_not_before ? format_rfc3339(*outcome.lane_not_before) : "";
  if (Status rested = rest_lane(c, lane, not_before); !rested) return rested.error();
  return true;
}

}  // namespace plumbline::postgres
