// Analysts' PostgreSQL logins: a role that may log in and read, bound to one tenant by a row that it can't
// change (plumbline.analyst_logins, read by plumbline.analyst_tenant()). Stateless functions; one connection,
// one thread. The connection's role is its login (no SET ROLE), which needs CREATEROLE and membership in
// plumbline_control.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/secret.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::postgres {

struct AnalystLogin {
  std::string login;
  std::string tenant;  // slug
  std::string created_by;
  std::string created_at;
  bool can_log_in = false;  // the PostgreSQL role is there and may log in
};

// What the role starts each session with. The timeout and read-only are defaults of a session; what holds are
// the grants (SELECT and nothing else), the row policies and the limit of connections.
struct AnalystLimits {
  std::int64_t statement_timeout_s = 60;
  std::int64_t connections_max = 5;
};

// A password as it is generated here: 32 URL-safe characters, 192 random bits.
[[nodiscard]] Secret random_password();

// Makes the role and its binding in one transaction. Poison: "bad_login" (a-z, 0-9, _ and -, up to 63; no pg_
// or plumbline_ in front), "bad_password" (12 to 200 printable ASCII characters), "analyst_exists" when
// PostgreSQL has such a role already, of whatever database; fatal "no_createrole".
Status add_analyst(pg::Connection& connection, const Tenant& tenant, std::string_view login,
                   const Secret& password, const AnalystLimits& limits, std::string_view actor);

// Of one tenant or of all.
Result<std::vector<AnalystLogin>> list_analysts(pg::Connection& connection, std::optional<TenantId> tenant);

// Takes the binding away (open sessions see nothing from then on) and the login, then drops the role. Poison
// "no_analyst" when no such login is bound.
Status remove_analyst(pg::Connection& connection, std::string_view login, std::string_view actor);

}  // namespace plumbline::postgres
