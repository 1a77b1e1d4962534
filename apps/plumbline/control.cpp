#include "apps/plumbline/control.h"

#include <cstdlib>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "apps/plumbline/command.h"

namespace plumbline::app {

pg::ConnectOptions postgres_options(const config::Config& config, std::string role) {
  return {.conninfo = config.postgres.url,
          .password = config.postgres.password,
          .application_name = "plumbline",
          .role = std::move(role)};
}

Result<pg::Connection> connect(const config::Config& config, std::string role) {
  auto made = pg::Connection::connect(postgres_options(config, std::move(role)));
  if (made) return made;
  // Roles come with the schema: a server without them was never migrated.
  if (made.error().code == "22023") {
    return fatal("not_migrated", "this PostgreSQL has no Plumbline roles yet; run `plumbline migrate` first");
  }
  if (made.error().code == "42501") {
    return fatal(
        "not_member",
        "postgres.url's user may not act as the Plumbline roles; run `plumbline migrate` as that user, or "
        "grant it the role plumbline_control");
  }
  return made;
}

std::string actor() {
  if (const char* sudo = std::getenv("SUDO_USER"); sudo != nullptr && *sudo != '\0') return sudo;
  const passwd* user = ::getpwuid(::geteuid());
  return user != nullptr ? user->pw_name : "uid " + std::to_string(::geteuid());
}

int fail(const Error& error) {
  // A schema, table, column or function that is not there.
  const bool old_schema =
      error.code == "3F000" || error.code == "42P01" || error.code == "42703" || error.code == "42883";
  fmt::print(stderr, "plumbline: {}{}\n", error.message, old_schema ? "; run `plumbline migrate` first" : "");
  return kFailed;
}

}  // namespace plumbline::app
