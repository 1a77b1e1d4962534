#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "sinks/postgres/health_replay.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

struct Words {
  std::string tenant;
  bool only_show = false;
  postgres::ReplayOptions options;
};

Result<std::vector<postgres::Tenant>> wanted(const config::Config& config, const std::string& only) {
  auto control = connect_control(config);
  if (!control) return control.error();
  postgres::TenantStore store(*control, actor());
  if (!only.empty()) {
    auto tenant = store.find(only);
    if (!tenant) return tenant.error();
    return std::vector{*tenant};
  }
  auto all = store.list();
  if (!all) return all.error();
  std::erase_if(*all, [](const postgres::Tenant& t) { return t.status == "erased"; });
  return all;
}

void print(const postgres::Tenant& tenant, const postgres::HealthComparison& found) {
  for (const postgres::HealthDifference& d : found.shown)
    fmt::print("{}  {}  {}: {}\n", d.tenant, d.table, d.key, d.what);
  const auto shown = static_cast<std::int64_t>(found.shown.size());
  if (found.differing > shown) fmt::print("{}  and {} more\n", tenant.slug, found.differing - shown);
  fmt::print("{}: {} rows rebuilt from {} on, {} differ\n", tenant.slug, found.rows, found.from,
             found.differing);
}

int replay_health(const config::Config& config, const Words& words) {
  auto tenants = wanted(config, words.tenant);
  if (!tenants) return fail(tenants.error());
  auto connection = connect(config, "");
  if (!connection) return fail(connection.error());
  std::vector<postgres::Tenant> wrong;
  for (const postgres::Tenant& tenant : *tenants) {
    auto found = postgres::compare_health(*connection, tenant, words.options);
    if (!found) return fail(found.error());
    print(tenant, *found);
    if (found->differing > 0) wrong.push_back(tenant);
  }
  if (wrong.empty()) return kOk;
  if (words.only_show) return kFailed;
  auto replaced = postgres::swap_health(*connection, wrong, words.options);
  if (!replaced) return fail(replaced.error());
  fmt::print("{} rows replaced, all at once\n", *replaced);
  return kOk;
}

}  // namespace

void add_replay(Commands& commands) {
  auto& group = commands.group("replay", "build what consumers keep anew from what is stored");
  const auto words = std::make_shared<Words>();
  auto& leaf =
      commands.add(group, "health",
                   "rebuild health's tables beside the live ones, show what differs, swap it; all keeps "
                   "serving",
                   [words](const config::Loaded& l) { return replay_health(l.config, *words); });
  leaf.add_option("--from", words->options.from, "from this time on: 2026-03-01, 2026-03-01T12:00:00Z")
      ->required();
  leaf.add_option("--tenant", words->tenant, "slug or id; all without");
  leaf.add_option("--show-max", words->options.shown_max, "how many differences are printed; 100 without");
  leaf.add_flag("--dry-run", words->only_show, "change nothing; exit code 1 when something differs");
}

}  // namespace plumbline::app
