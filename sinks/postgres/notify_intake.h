// Events of drift.v1 into deliveries: what the notify consumer writes in the transaction of its position.
// Role plumbline_writer. Stateless functions; one connection, one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "core/uuid.h"
#include "sinks/postgres/notify_routes.h"

namespace plumbline::postgres {

struct NotifyEventRow {
  TenantId tenant;
  Uuid id;
  std::string_view type;
  TimeUs time;
  TimeUs recorded_at;
  std::string_view body;
};

// False: it was noted before (a replay, or published twice), or the tenant is unknown or erased.
Result<bool> note_event(pg::Connection& connection, const NotifyEventRow& event, TimeUs now);

struct NewDelivery {
  const NotifyRoute* route = nullptr;
  std::optional<Uuid> event;
  std::optional<Uuid> thread;
  bool urgent = false;
  std::string_view skip_reason;  // not empty: recorded as skipped
};

// Its lane is woken by wake_lanes. A delivery of the same route and event that is there already stays as it
// is.
Status add_delivery(pg::Connection& connection, const NewDelivery& delivery, TimeUs now);
// Deliveries of the incident that still wait may pass quiet hours, too: they come before an urgent one.
Status make_thread_urgent(pg::Connection& connection, const NotifyRoute& route, const Uuid& thread);

struct LaneName {
  TenantId tenant;
  std::string lane;
  auto operator<=>(const LaneName&) const = default;
};
// Last in the transaction; `lanes` sorted, so that no two transactions wait for each other. Senders see the
// lanes as due at the earliest open delivery.
Status wake_lanes(pg::Connection& connection, const std::vector<LaneName>& lanes);

// Events and finished deliveries beyond their tenant's retention, and what erased tenants left. Transactions
// of its own, in batches.
Status prune_notify(pg::Connection& connection, TimeUs now);

}  // namespace plumbline::postgres
