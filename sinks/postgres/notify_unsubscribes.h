// Mail subscriptions that ended. Role plumbline_writer. Stateless functions; one connection, one thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::postgres {

struct Subscription {
  TenantId tenant;
  Uuid route;
  std::string address;
  bool unsubscribed = false;
};

// The address that a route of kind email has now; nullopt: there is no such route.
Result<std::optional<Subscription>> find_subscription(pg::Connection& connection, TenantId tenant,
                                                      const Uuid& route);
// Holds at once; again changes nothing. `how`: one_click or page.
Status note_unsubscribe(pg::Connection& connection, const Subscription& subscription, std::string_view how,
                        TimeUs now);

}  // namespace plumbline::postgres
