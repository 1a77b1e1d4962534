// Reports and their violations into PostgreSQL, many in one statement. Not thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/outcome.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/trace_store.h"

namespace plumbline::postgres {

// One failure of a report; views borrow from the caller.
struct ViolationRow {
  std::string_view gate, title, severity, provenance, category, file, details;
  std::int32_t files = 0;
  std::optional<std::int64_t> line, end_line;
};

// Views borrow from the caller; empty ones are stored as null.
struct ReportRow {
  TraceKey key;
  Uuid digest;
  TimeUs received_at;
  Address address;
  std::string_view agent, session, repo, branch, commit, version, status;
  std::optional<double> score, ai_health_score, structural_score, duration_ms;
  std::vector<ViolationRow> violations;
  std::string_view payload;
};

// In the open transaction; the first of an identity wins. Outcomes are in the order of the rows, kStored also
// where this very record is there already (a replay).
Result<std::vector<StoreOutcome>> store_reports(pg::Connection& connection,
                                                std::span<const ReportRow* const> rows);

}  // namespace plumbline::postgres
