// Organization health for people: `plumbline health show`. Reads the views org_health and repo_health as
// plumbline_reader, one tenant at a time. Not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::postgres {

// A part of the health: what it gives now, at most, and how it moved in 7 days. Decimal texts with one digit
// behind the point, as the view rounds them; empty: unknown.
struct HealthPart {
  std::string name;
  std::string points;
  int points_max = 0;
  std::string trend;
  std::string because;  // one line for people: "3 of 4 repositories reported within 7 days"
};

struct RepoHealth {
  std::string repo;  // empty where reports name none
  std::string health, score, pass_percent;
  std::int64_t open_drifts = 0, runs = 0;
  std::string last_report_at;
};

struct OrgHealth {
  std::string tenant;  // slug
  bool known = false;  // a repository reported within 30 days
  std::string health, trend;
  std::vector<HealthPart> parts;
  std::vector<RepoHealth> worst;
  std::string json;  // the row of org_health with "tenant" and "repos", for machines
};

// The connection's role is plumbline_control. `worst_max` repositories, lowest health first.
Result<OrgHealth> org_health(pg::Connection& connection, const Tenant& tenant, int worst_max);

}  // namespace plumbline::postgres
