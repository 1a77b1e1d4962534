#include "sinks/postgres/health_report.h"

#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::string_view kOrg =
    "SELECT health, trend, score_points, score_trend, pass_points, pass_trend, drift_points, drift_trend, "
    "coverage_points, coverage_trend, score, pass_percent, repos_reporting, repos_active, repos_drifting, "
    "repos_measured, open_drifts FROM plumbline.org_health WHERE tenant_id = $1::uuid";

constexpr std::string_view kRepos =
    "SELECT repo, health, score, pass_percent, open_drifts, runs, to_char(last_report_at AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD\"T\"HH24:MI\"Z\"') FROM plumbline.repo_health WHERE tenant_id = $1::uuid "
    "ORDER BY health NULLS LAST, repo COLLATE \"C\" LIMIT $2::int";

constexpr std::string_view kJson =
    "SELECT jsonb_build_object('tenant', $3::text) || coalesce((SELECT to_jsonb(o) - 'tenant_id' FROM "
    "plumbline.org_health o WHERE o.tenant_id = $1::uuid), '{\"health\": null}') || "
    "jsonb_build_object('repos', "
    "coalesce((SELECT jsonb_agg(to_jsonb(r) - 'tenant_id' ORDER BY r.health NULLS LAST, r.repo COLLATE "
    "\"C\") FROM "
    "(SELECT * FROM plumbline.repo_health WHERE tenant_id = $1::uuid ORDER BY health NULLS LAST, repo "
    "COLLATE "
    "\"C\" LIMIT $2::int) r), '[]'))";

std::string of(const pg::Rows& rows, int row, int column) {
  return std::string(rows.text(row, column));
}

std::vector<HealthPart> parts_of(const pg::Rows& r) {
  const auto number = [&](int column) { return of(r, 0, column); };
  return {
      {"score", number(2), 40, number(3), "average score " + number(10) + " of 100"},
      {"pass rate", number(4), 25, number(5), number(11) + " % of runs pass"},
      {"no drift", number(6), 20, number(7),
       number(16) + " open drifts in " + number(14) + " of " + number(15) + " repositories"},
      {"coverage", number(8), 15, number(9),
       number(12) + " of " + number(13) + " active repositories reported within 7 days"},
  };
}

Status bind_reader(pg::Connection& c, const std::string& id) {
  if (Status role = c.execute("SET LOCAL ROLE plumbline_reader"); !role) return role;
  if (auto set = c.query("SELECT set_config('plumbline.tenant', $1, true)", {id}); !set) return set.error();
  return ok_status();
}

}  // namespace

Result<OrgHealth> org_health(pg::Connection& c, const Tenant& tenant, int worst_max) {
  const std::string id = tenant.id.value.to_string(), most = std::to_string(worst_max);
  return in_transaction(c, [&]() -> Result<OrgHealth> {
    if (Status bound = bind_reader(c, id); !bound) return bound.error();
    OrgHealth found;
    found.tenant = tenant.slug;
    auto org = c.query(kOrg, {id});
    if (!org) return org.error();
    if (org->size() > 0) {
      found.known = true;
      found.health = of(*org, 0, 0);
      found.trend = of(*org, 0, 1);
      found.parts = parts_of(*org);
    }
    auto repos = c.query(kRepos, {id, most});
    if (!repos) return repos.error();
    for (int i = 0; i < repos->size(); ++i) {
      found.worst.push_back({of(*repos, i, 0), of(*repos, i, 1), of(*repos, i, 2), of(*repos, i, 3),
                             repos->integer(i, 4), repos->integer(i, 5), of(*repos, i, 6)});
    }
    auto json = c.query(kJson, {id, most, tenant.slug});
    if (!json) return json.error();
    found.json = of(*json, 0, 0);
    return found;
  });
}

}  // namespace plumbline::postgres
