// What the commands on PostgreSQL share: the connection, who is asking, how a failure is told.
#pragma once
#include <string>

#include "core/config/config.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::app {

// As `role`; "" stays the login role.
[[nodiscard]] pg::ConnectOptions postgres_options(const config::Config& config, std::string role = "");
[[nodiscard]] Result<pg::Connection> connect(const config::Config& config, std::string role);
[[nodiscard]] inline Result<pg::Connection> connect_control(const config::Config& config) {
  return connect(config, "plumbline_control");
}
// The operating system's user, for the audit log: behind sudo, the one who typed it.
[[nodiscard]] std::string actor();
// Says it on standard error; returns kFailed.
int fail(const Error& error);

}  // namespace plumbline::app
