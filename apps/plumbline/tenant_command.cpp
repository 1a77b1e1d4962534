#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "apps/plumbline/tenant_export.h"
#include "sinks/postgres/tenant_rows.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::Tenant;
using postgres::TenantChange;
using postgres::TenantStore;

struct Words {
  std::string tenant;
  TenantChange change;
  std::string folder;
  std::string confirmed;
};

void print(const Tenant& t) {
  fmt::print("{}  {}  {}  {} days  {}/s burst {}  agent {}/s burst {}  {}\n", t.slug, t.id.value.to_string(),
             t.status, t.retention_days, t.limits.traces_per_s, t.limits.burst, t.limits.agent_traces_per_s,
             t.limits.agent_burst, t.name);
}

// Runs `work(store, tenant)` on the tenant that the words name and prints the tenant it gives back.
template <class Work>
int on_tenant(const config::Config& config, const Words& words, Work work) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  TenantStore store(*connection, actor());
  auto tenant = store.find(words.tenant);
  if (!tenant) return fail(tenant.error());
  auto done = work(store, *tenant);
  if (!done) return fail(done.error());
  print(*done);
  return kOk;
}

int create(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto made = TenantStore(*connection, actor()).create(words.tenant, words.change);
  if (!made) return fail(made.error());
  print(*made);
  return kOk;
}

int list(const config::Config& config) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenants = TenantStore(*connection, actor()).list();
  if (!tenants) return fail(tenants.error());
  for (const Tenant& tenant : *tenants) print(tenant);
  return kOk;
}

void print(const postgres::RowCounts& counts, std::string_view what) {
  for (const auto& [table, rows] : counts) fmt::print("{:<16} {} rows {}\n", table, rows, what);
}

int export_rows(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = TenantStore(*connection, actor()).find(words.tenant);
  if (!tenant) return fail(tenant.error());
  auto counts = export_to_folder(*connection, *tenant, words.folder);
  if (!counts) return fail(counts.error());
  if (Status told = postgres::audit(*connection, tenant->id, actor(), "tenant.export", tenant->slug); !told) {
    return fail(told.error());
  }
  print(*counts, "written");
  return kOk;
}

int erase(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = TenantStore(*connection, actor()).find(words.tenant);
  if (!tenant) return fail(tenant.error());
  if (words.confirmed != tenant->slug) {
    return fail(poison("not_confirmed", "erase deletes all rows of " + tenant->slug +
                                            " for ever; say --yes " + tenant->slug +
                                            " to do it (`plumbline tenant export` first keeps a copy)"));
  }
  auto counts = postgres::erase_tenant(*connection, *tenant, actor());
  if (!counts) return fail(counts.error());
  print(*counts, "deleted");
  return kOk;
}

void add_change(CLI::App& leaf, TenantChange& change) {
  leaf.add_option("--name", change.name, "name for people");
  leaf.add_option("--retention-days", change.retention_days,
                  "older events are refused and deleted (1 to 3660)");
  leaf.add_option("--traces-per-s", change.traces_per_s, "rate of the whole tenant at each edge");
  leaf.add_option("--burst", change.burst, "traces at once: at least those of one request");
  leaf.add_option("--agent-traces-per-s", change.agent_traces_per_s, "rate of each agent at each edge");
  leaf.add_option("--agent-burst", change.agent_burst, "traces at once of each agent");
}

}  // namespace

void add_tenant(Commands& commands) {
  auto& group = commands.group("tenant", "tenants: create, ls, show, limits, suspend, resume, export, erase");
  const auto words = std::make_shared<Words>();
  const auto leaf = [&](const char* name, const char* help, auto run) -> CLI::App& {
    auto& made = commands.add(group, name, help,
                              [words, run](const config::Loaded& l) { return run(l.config, *words); });
    if (std::string_view(name) != "ls") made.add_option("tenant", words->tenant, "slug or id")->required();
    return made;
  };
  add_change(leaf("create", "make a tenant; prints it", create), words->change);
  leaf("ls", "list all tenants", [](const config::Config& config, const Words&) { return list(config); });
  leaf("show", "print one tenant", [](const config::Config& config, const Words& w) {
    return on_tenant(config, w, [](TenantStore&, const Tenant& t) { return Result<Tenant>(t); });
  });
  add_change(leaf("limits", "change name, limits or retention; edges know within a second",
                  [](const config::Config& config, const Words& w) {
                    return on_tenant(config, w,
                                     [&w](TenantStore& s, const Tenant& t) { return s.change(t, w.change); });
                  }),
             words->change);
  leaf("suspend", "refuse its requests from now on", [](const config::Config& config, const Words& w) {
    return on_tenant(config, w, [](TenantStore& s, const Tenant& t) { return s.set_status(t, "suspended"); });
  });
  leaf("resume", "accept its requests again", [](const config::Config& config, const Words& w) {
    return on_tenant(config, w, [](TenantStore& s, const Tenant& t) { return s.set_status(t, "active"); });
  });
  leaf("export", "write all of its rows, one NDJSON file a table", export_rows)
      .add_option("--to", words->folder, "folder; made when missing")
      ->required();
  leaf("erase", "delete all of its rows and revoke its keys, for ever", erase)
      .add_option("--yes", words->confirmed, "its slug, to confirm");
}

}  // namespace plumbline::app
