#include "sinks/postgres/drift_session.h"

namespace plumbline::postgres {
namespace {

// They never hold a row: what counts is their row types, column by column what the statements select.
constexpr const char* kRowTypes =
    "CREATE TEMP TABLE IF NOT EXISTS drift_stream_row (tenant_id uuid, stream_id uuid, repo text, branch "
    "text, "
    "version int8, last_time timestamptz, tail_time timestamptz, tail_report uuid, state text, "
    "announced_drift "
    "uuid, announced_incident uuid);"
    "CREATE TEMP TABLE IF NOT EXISTS drift_report_row (tenant_id uuid, stream_id uuid, time timestamptz, "
    "report_id uuid, passed bool, layer_total int4, commit text, version text, layer text, state text, "
    "reports int4, times timestamptz[], ids uuid[], commits text[], versions text[]);"
    "CREATE TEMP TABLE IF NOT EXISTS drift_row (tenant_id uuid, drift_id uuid, incident_id uuid, stream_id "
    "uuid, "
    "repo text, branch text, state text, severity text, opened_at timestamptz, opened_report uuid, "
    "opened_commit "
    "text, opened_version text, passing_since timestamptz, previous_at timestamptz, previous_report uuid, "
    "previous_commit text, previous_version text, updated_at timestamptz, resolved_at timestamptz, "
    "resolved_report uuid, resolved_commit text, resolved_version text, violations text, violations_total "
    "int4);"
    "CREATE TEMP TABLE IF NOT EXISTS drift_event_row (tenant_id uuid, event_id uuid, lane int2, key text, "
    "type "
    "text, time timestamptz, recorded_at timestamptz, notify bool, late bool, correction bool, stream_id "
    "uuid, "
    "repo text, branch text, agent text, drift_id uuid, report_time timestamptz, report_id uuid, body text)";
// In the order of DriftSession's members.
constexpr const char* kTypes =
    "SELECT c.reltype::int8, c.relnatts FROM "
    "unnest('{drift_stream_row,drift_report_row,drift_row,drift_event_row}'"
    "::text[]) WITH ORDINALITY n(name, at) JOIN pg_catalog.pg_class c ON c.oid = ('pg_temp.' || "
    "n.name)::regclass "
    "ORDER BY n.at";

}  // namespace

Result<DriftSession> prepare_drift_session(pg::Connection& c) {
  if (Status made = c.execute(kRowTypes); !made) return made.error();
  auto types = c.query(kTypes);
  if (!types) return types.error();
  DriftSession session;
  int row = 0;
  for (DriftRowType* type : {&session.stream, &session.report, &session.drift, &session.event}) {
    *type = {static_cast<std::uint32_t>(types->integer(row, 0)),
             static_cast<std::uint32_t>(types->integer(row, 1))};
    ++row;
  }
  return session;
}

}  // namespace plumbline::postgres
