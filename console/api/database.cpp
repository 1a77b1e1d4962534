#include "console/api/database.h"

namespace plumbline::console {

Result<pg::Connection*> Database::connected(std::optional<pg::Connection>& held, const char* role) {
  if (held && held->broken()) held.reset();
  if (!held) {
    pg::ConnectOptions options = options_;
    options.role = role;
    options.application_name = "plumbline console";
    auto made = pg::Connection::connect(options);
    if (!made) return made.error();
    // Times leave as UTC, whatever the server's zone is; floating-point numbers as short as they are exact.
    // Compiling a plan over a month's partitions takes longer than any of these statements runs.
    if (Status set = made->execute(
            "SET TimeZone TO 'UTC'; SET extra_float_digits TO 1; SET jit TO off; SET statement_timeout TO '" +
            std::to_string(kStatementTimeoutMs) + "'");
        !set) {
      return set.error();
    }
    held.emplace(std::move(*made));
  }
  return &*held;
}

Result<pg::Connection*> Database::control() {
  return connected(control_, "plumbline_control");
}

Result<pg::Connection*> Database::reader() {
  return connected(reader_, "plumbline_reader");
}

Status begin_as_reader(pg::Connection& c, TenantId tenant, int timeout_ms) {
  if (Status begun = c.execute("BEGIN READ ONLY"); !begun) return begun;
  auto set =
      c.query("SELECT set_config('plumbline.tenant', $1, true), set_config('statement_timeout', $2, true)",
              {tenant.value.to_string(), std::to_string(timeout_ms)});
  if (!set) return set.error();
  return ok_status();
}

}  // namespace plumbline::console
