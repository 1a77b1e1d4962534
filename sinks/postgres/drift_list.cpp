#include "sinks/postgres/drift_list.h"

#include <algorithm>

namespace plumbline::postgres {
namespace {

#define PLUMBLINE_TIME(column) "to_char(d." column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
constexpr const char* kSelect =
    "SELECT t.slug, d.drift_id, d.incident_id, d.repo, d.branch, d.state, d.severity, " PLUMBLINE_TIME(
        "opened_at") ", d.opened_commit, d.opened_version, " PLUMBLINE_TIME("previous_at") ", d.previous_commit, "
    "d.previous_version, " PLUMBLINE_TIME("passing_since") ", " PLUMBLINE_TIME("resolved_at") ", "
    "d.resolved_commit, d.resolved_version, concat_ws(' in ', nullif(d.violations->0->>'title', ''), "
    "d.violations->0->'files'->>0), d.violations_total, d.violations, (to_jsonb(d) - 'tenant_id' - 'stream_id' || "
    "jsonb_build_object('tenant', t.slug))::text FROM plumbline.drifts d JOIN plumbline.tenants t ON t.id = "
    "d.tenant_id ";
#undef PLUMBLINE_TIME

ListedDrift drift_at(const pg::Rows& rows, int row) {
  const auto text = [&](int column) { return std::string(rows.text(row, column)); };
  ListedDrift made;
  made.tenant = text(0);
  made.id = text(1);
  made.incident = text(2);
  made.repo = text(3);
  made.branch = text(4);
  made.state = text(5);
  made.severity = text(6);
  made.opened_at = text(7);
  made.opened_commit = text(8);
  made.opened_version = text(9);
  made.previous_at = text(10);
  made.previous_commit = text(11);
  made.previous_version = text(12);
  made.passing_since = text(13);
  made.resolved_at = text(14);
  made.resolved_commit = text(15);
  made.resolved_version = text(16);
  made.cause = text(17);
  made.violations_total = rows.integer(row, 18);
  made.violations = text(19);
  made.json = text(20);
  return made;
}

bool hexadecimal(std::string_view id) {
  return !id.empty() && id.size() <= 36 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
  });
}

}  // namespace

Result<std::vector<ListedDrift>> list_drifts(pg::Connection& c, const DriftFilter& filter) {
  std::string tenant;
  if (filter.tenant) tenant = filter.tenant->value.to_string();
  auto rows = c.query(
      std::string(kSelect) +
          "WHERE ($1::uuid IS NULL OR d.tenant_id = $1::uuid) AND ($2::text IS NULL OR d.repo = $2) "
          "AND (NOT $3::bool OR d.state = 'open') ORDER BY d.opened_at DESC, d.drift_id LIMIT $4::int8",
      {tenant.empty() ? std::nullopt : pg::Param(tenant),
       filter.repo.empty() ? std::nullopt : pg::Param(filter.repo), filter.open_only ? "t" : "f",
       std::to_string(filter.limit)});
  if (!rows) return rows.error();
  std::vector<ListedDrift> found;
  for (int i = 0; i < rows->size(); ++i) found.push_back(drift_at(*rows, i));
  return found;
}

Result<ListedDrift> find_drift(pg::Connection& c, std::string_view id) {
  if (!hexadecimal(id)) {
    return poison("no_drift",
                  "a drift's id is a UUID or the beginning of one, as `plumbline drift ls` prints it");
  }
  auto rows = c.query(
      std::string(kSelect) + "WHERE d.drift_id::text LIKE $1 || '%' ORDER BY d.drift_id LIMIT 2", {id});
  if (!rows) return rows.error();
  if (rows->size() == 0) {
    return poison("no_drift",
                  "no drift begins with " + std::string(id) + "; `plumbline drift ls` lists them");
  }
  if (rows->size() > 1)
    return poison("many_drifts", "several drifts begin with " + std::string(id) + "; write more");
  return drift_at(*rows, 0);
}

Result<std::vector<ListedDriftEvent>> drift_history(pg::Connection& c, std::string_view id) {
  auto rows = c.query(
      "SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), to_char(recorded_at AT "
      "TIME ZONE "
      "'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), type, body::jsonb->>'summary', notify, late, correction, "
      "withdrawn_at IS NOT NULL FROM plumbline.drift_events WHERE drift_id = $1::uuid AND tenant_id = "
      "(SELECT "
      "tenant_id FROM plumbline.drifts WHERE drift_id = $1::uuid) ORDER BY seq",
      {id});
  if (!rows) return rows.error();
  std::vector<ListedDriftEvent> found;
  for (int i = 0; i < rows->size(); ++i) {
    found.push_back({std::string(rows->text(i, 0)), std::string(rows->text(i, 1)),
                     std::string(rows->text(i, 2)), std::string(rows->text(i, 3)), rows->text(i, 4) == "t",
                     rows->text(i, 5) == "t", rows->text(i, 6) == "t", rows->text(i, 7) == "t"});
  }
  return found;
}

}  // namespace plumbline::postgres
