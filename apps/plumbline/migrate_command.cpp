#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "core/pg/migrate.h"

namespace plumbline::app {
namespace {

int show(pg::Connection& connection) {
  auto states = pg::migration_states(connection, pg::embedded_migrations());
  if (!states) return fail(states.error());
  for (const auto& state : *states)
    fmt::print("{:<8} {}\n", state.applied ? "applied" : "to come", state.name);
  return kOk;
}

int migrate(const config::Config& config, bool only_show) {
  auto connection = connect(config, "");
  if (!connection) return fail(connection.error());
  if (only_show) return show(*connection);
  auto report = pg::migrate(*connection);
  if (!report) return fail(report.error());
  for (const std::string& name : report->applied) fmt::print("applied {}\n", name);
  fmt::print("schema is at {:04}\n", report->version);
  return kOk;
}

}  // namespace

void add_migrate(Commands& commands) {
  const auto only_show = std::make_shared<bool>(false);
  auto& leaf =
      commands.add(commands.root(), "migrate",
                   "bring the database schema to this version; safe to run again and by several at once",
                   [only_show](const config::Loaded& loaded) { return migrate(loaded.config, *only_show); });
  leaf.add_flag("--show", *only_show, "list what is applied and what is to come; change nothing");
}

}  // namespace plumbline::app
