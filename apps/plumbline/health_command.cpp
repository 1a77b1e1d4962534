#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "sinks/postgres/health_report.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::OrgHealth;

struct Words {
  std::string tenant;
  int repos = 10;
  bool json = false;
};

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

// "+1.5", "-0.3", "±0"; "" where there is nothing to compare with.
std::string moved(const std::string& trend) {
  if (trend.empty()) return "";
  if (trend == "0.0" || trend == "-0.0") return "±0";
  return trend.front() == '-' ? trend : "+" + trend;
}

void print(const OrgHealth& h) {
  if (!h.known) {
    fmt::print("{}: no repository reported within 30 days\n", h.tenant);
    return;
  }
  const std::string week = h.trend.empty() ? "" : fmt::format("  ({} in 7 days)", moved(h.trend));
  fmt::print("{}: health {} of 100{}\n\n", h.tenant, or_dash(h.health), week);
  for (const postgres::HealthPart& part : h.parts) {
    fmt::print("  {:<10} {:>5} of {:<3} {:>6}   {}\n", part.name, or_dash(part.points), part.points_max,
               moved(part.trend), part.because);
  }
  fmt::print("\n  {:<40} {:>6} {:>6} {:>7} {:>7} {:>7}  {}\n", "repository, worst first", "health", "score",
             "passes", "drifts", "runs", "last report");
  for (const postgres::RepoHealth& r : h.worst) {
    fmt::print("  {:<40} {:>6} {:>6} {:>7} {:>7} {:>7}  {}\n", r.repo.empty() ? "(none)" : r.repo,
               or_dash(r.health), or_dash(r.score), r.pass_percent.empty() ? "-" : r.pass_percent + "%",
               r.open_drifts, r.runs, r.last_report_at);
  }
}

Result<std::vector<postgres::Tenant>> wanted(pg::Connection& connection, const std::string& only) {
  postgres::TenantStore store(connection, actor());
  if (only.empty()) return store.list();
  auto tenant = store.find(only);
  if (!tenant) return tenant.error();
  return std::vector{*tenant};
}

int show(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenants = wanted(*connection, words.tenant);
  if (!tenants) return fail(tenants.error());
  bool first = true;
  for (const postgres::Tenant& tenant : *tenants) {
    if (tenant.status == "erased" && words.tenant.empty()) continue;
    auto health = postgres::org_health(*connection, tenant, words.repos);
    if (!health) return fail(health.error());
    if (words.json) {
      fmt::print("{}\n", health->json);
      continue;
    }
    if (!first) fmt::print("\n");
    first = false;
    print(*health);
  }
  return kOk;
}

}  // namespace

void add_health(Commands& commands) {
  auto& group = commands.role_or_group("health", "health of the organization: show");
  const auto words = std::make_shared<Words>();
  auto& leaf = commands.add(group, "show", "health of the organization, its parts, its worst repositories",
                            [words](const config::Loaded& l) { return show(l.config, *words); });
  leaf.add_option("--tenant", words->tenant, "slug or id; all without");
  leaf.add_option("--repos", words->repos, "how many repositories")->check(CLI::Range(0, 100000));
  leaf.add_flag("--json", words->json, "one JSON object a tenant and line");
}

}  // namespace plumbline::app
