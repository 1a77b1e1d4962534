// The queue of deliveries as its senders work on it: take a lane, look at what is next in it, claim that (and
// COMMIT) before sending, record what became of it. Role plumbline_writer. Stateless functions; one
// connection, one thread; many senders in many processes at once.
//
// A lane belongs to one sender at a time: its row is leased, by the database's clock. Whoever takes a lane
// finds in it as `claimed` only what a dead sender left; that goes back to `pending` with `resend` set, for
// it may have arrived. Deliveries of one incident and route leave in order of seq.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "core/uuid.h"
#include "sinks/postgres/notify_intake.h"
#include "sinks/postgres/notify_routes.h"

namespace plumbline::postgres {

// In the open transaction: locks the lane that has waited longest and is free, and puts back what a dead
// sender left in it. nullopt: none is due.
struct TakenLane {
  LaneName name;
  std::int64_t orphans = 0;  // put back, flagged
};
Result<std::optional<TakenLane>> take_lane(pg::Connection& connection, TimeUs now);
// How long until one may be due, bounded by `most`. A lane under lease counts as due then.
Result<std::chrono::milliseconds> until_due(pg::Connection& connection, TimeUs now,
                                            std::chrono::milliseconds most);

struct Delivery {
  TenantId tenant;
  Uuid id;
  Uuid route;
  std::string kind;
  std::string content;  // event, digest, test, notice
  std::optional<Uuid> event;
  std::string event_body;  // JSON of drift.v1
  std::string notice_title, notice_text;
  std::optional<Uuid> thread;
  std::optional<Uuid> message;  // set by an earlier attempt
  bool urgent = false;
  bool resend = false;
  std::int64_t attempts = 0;
  TimeUs created_at;
};

// The next delivery of a lane with what decides about it.
struct Candidate {
  Delivery delivery;
  std::optional<NotifyRoute> route;  // nullopt: it was removed
  std::string tenant_name;
  std::string tenant_status;
  std::optional<TimeUs> quiet_until;  // set: quiet hours now
  bool muted = false;
  bool unsubscribed = false;
  std::string first_ref, last_ref;  // of its thread; empty: none
};
Result<std::optional<Candidate>> next_candidate(pg::Connection& connection, const LaneName& lane, TimeUs now);

Status skip_delivery(pg::Connection& connection, const Delivery& delivery, std::string_view reason,
                     TimeUs now);
// Given up without another attempt.
Status fail_delivery(pg::Connection& connection, const Delivery& delivery, std::string_view reason,
                     TimeUs now);
Status defer_delivery(pg::Connection& connection, const Delivery& delivery, TimeUs until);

// What goes into one message with a digest's first delivery: its unfinished message, or else all that is due
// of the route, oldest first, at most `most`. `first` is among them.
Result<std::vector<Delivery>> digest_of(pg::Connection& connection, const Delivery& first, TimeUs now,
                                        std::size_t most);

// Marks the deliveries as claimed parts of one message and leases the lane. COMMIT, then send.
Status claim(pg::Connection& connection, const LaneName& lane, const std::vector<Delivery>& deliveries,
             const Uuid& message, const Uuid& owner, std::chrono::milliseconds lease, TimeUs now);
// Nothing was claimed: the lane is due when its next delivery is.
Status release_unclaimed(pg::Connection& connection, const LaneName& lane);

// What became of a message.
struct Finish {
  enum class What { kDelivered, kAgain, kFailed };
  What what = What::kDelivered;
  std::string reason = {};
  std::string external_ref = {};               // delivered
  bool resend = false;                         // again: it may have arrived
  TimeUs again_at = {};                        // again
  std::optional<TimeUs> lane_not_before = {};  // pace or backoff
};

// In one transaction: deliveries, thread and lane. False: the lease was lost, somebody else decides.
Result<bool> finish(pg::Connection& connection, const LaneName& lane, const std::vector<Delivery>& deliveries,
                    const Uuid& owner, const Finish& outcome, TimeUs now);

struct RouteHealth {
  std::int64_t failures = 0;
  TimeUs failing_since;
  std::string status;
};
// In finish's transaction or one of its own.
Status route_delivered(pg::Connection& connection, TenantId tenant, const Uuid& route, TimeUs now);
Result<RouteHealth> route_failed(pg::Connection& connection, TenantId tenant, const Uuid& route,
                                 std::string_view reason, TimeUs now);
// Disables the route, records what was pending as skipped and queues the last notice to the tenant's admin
// routes (or else to its other active routes). Returns to how many; false when it was disabled already: -1.
Result<std::int64_t> disable_route(pg::Connection& connection, TenantId tenant, const Uuid& route,
                                   std::string_view reason, TimeUs now);

struct QueueState {
  std::int64_t open = 0;    // pending and claimed
  double oldest_due_s = 0;  // age of the oldest that is due; 0: none
  std::int64_t failing_routes = 0;
  std::int64_t disabled_routes = 0;
};
Result<QueueState> queue_state(pg::Connection& connection, TimeUs now);

}  // namespace plumbline::postgres
