// Routes of notifications as rows. Two users: RouteStore for commands (role plumbline_control; each change
// and its audit line in one transaction) and the functions below it for the notify consumer
// (plumbline_writer). Secrets come sealed. Not thread-safe: one connection, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/seal.h"
#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/secret.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::postgres {

struct NotifyRoute {
  TenantId tenant = {};
  Uuid id = {};
  std::string name = {};
  std::string kind = {};  // slack_webhook, slack_app, email, webhook
  std::string address = {};
  std::string sealed_secret = {};  // empty: none
  std::string lane = {};
  bool admin = false;
  std::vector<std::string> repos = {};  // globs; empty: all
  std::string severity_min = "info";
  std::vector<std::string> events = {"drift.opened", "drift.updated", "drift.resolved"};
  std::string digest = "none";  // none, hourly, daily
  std::int32_t digest_hour = 9;
  std::string time_zone = "UTC";
  std::string quiet_from = {};  // "22:00"; empty: none
  std::string quiet_to = {};
  bool critical_passes = true;
  std::string muted_until = {};   // RFC 3339, "infinity"; empty: not muted
  std::string status = "active";  // active, failing, disabled
  std::string status_reason = {};
  std::int64_t failures = 0;
  std::string last_delivered_at = {};  // RFC 3339; empty: never
};

// A route's secrets, a line each, newest first.
[[nodiscard]] std::string seal_route_secrets(const crypto::Sealer& sealer, TenantId tenant, const Uuid& route,
                                             const std::vector<Secret>& secrets);
// Empty when the route has none. Errors as Sealer::open.
[[nodiscard]] Result<std::vector<Secret>> open_route_secrets(const crypto::Sealer& sealer,
                                                             const NotifyRoute& route);
// Wraps every route's secret under the newest master key, in one transaction. Returns how many changed.
Result<std::int64_t> reseal_routes(pg::Connection& connection, const crypto::Sealer& sealer,
                                   const std::string& actor);

class RouteStore {
 public:
  // `actor` stands in the audit log.
  RouteStore(pg::Connection& connection, std::string actor);

  // Poison "route_exists" when the name is taken, "bad_route" when a value is out of its bounds. The lane of
  // a slack_app route must be lane_of_channel's, others' are their own id.
  Result<NotifyRoute> add(const NotifyRoute& route);
  Result<std::vector<NotifyRoute>> list(std::optional<TenantId> tenant = std::nullopt);
  // By name; poison "no_route".
  Result<NotifyRoute> find(TenantId tenant, std::string_view name);
  // What was pending is recorded as skipped.
  Status remove(const NotifyRoute& route);
  // `until`: RFC 3339 or "infinity"; empty: no more.
  Status mute(const NotifyRoute& route, std::string_view until);
  // Active again after it was failing or disabled; `resubscribe` forgets that its address unsubscribed.
  Status enable(const NotifyRoute& route, bool resubscribe);
  // Other secrets, sealed, from now on.
  Status replace_secret(const NotifyRoute& route, std::string_view sealed);
  // Queues a test message; returns the delivery's id, whose state delivery_state tells.
  Result<Uuid> test(const NotifyRoute& route, TimeUs now);

 private:
  Status change(const NotifyRoute& route, std::string_view action, std::string_view detail,
                std::string_view sql, std::span<const pg::Param> params);

  pg::Connection& connection_;
  std::string actor_;
};

struct DeliveryState {
  std::string state;  // pending, claimed, delivered, failed, skipped
  std::string reason;
  std::int64_t attempts = 0;
};
Result<DeliveryState> delivery_state(pg::Connection& connection, TenantId tenant, const Uuid& delivery);

struct DeliveryLine {
  std::string created_at;  // RFC 3339
  std::string what;        // type of the event, or test, notice
  std::string subject;     // repository or agent; empty: none
  std::string state;
  std::string reason;
  std::int64_t attempts = 0;
  bool resend = false;
};
// The latest of a route, newest first.
Result<std::vector<DeliveryLine>> recent_deliveries(pg::Connection& connection, const NotifyRoute& route,
                                                    std::int64_t most);

// One Slack channel is one lane, whichever routes of the tenant lead to it.
[[nodiscard]] std::string lane_of_channel(std::string_view channel_id);
// One time zone name that PostgreSQL knows.
Result<bool> is_time_zone(pg::Connection& connection, std::string_view name);

// Columns and reading shared with notify_queue; of a table or alias named r.
inline constexpr std::string_view kRouteColumns =
    "r.tenant_id, r.route_id, r.name, r.kind, r.address, encode(r.sealed_secret, 'hex'), r.lane, "
    "r.admin::int, "
    "array_to_string(r.repos, E'\\n'), r.severity_min, array_to_string(r.events, E'\\n'), r.digest, "
    "r.digest_hour, r.time_zone, to_char(r.quiet_from, 'HH24:MI'), to_char(r.quiet_to, 'HH24:MI'), "
    "r.critical_passes::int, CASE WHEN r.muted_until = 'infinity' THEN 'infinity' ELSE "
    "to_char(r.muted_until AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') END, r.status, "
    "coalesce(r.status_reason, ''), r.failures, "
    "to_char(r.last_delivered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
inline constexpr int kRouteColumnCount = 22;
[[nodiscard]] NotifyRoute route_of(const pg::Rows& rows, int row, int first_column = 0);

// Every route of a tenant, for the consumer.
Result<std::vector<NotifyRoute>> routes_of(pg::Connection& connection, TenantId tenant);

}  // namespace plumbline::postgres
