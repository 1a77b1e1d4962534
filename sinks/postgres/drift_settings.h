// What tenants set for drift, as the consumer and the command line see it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

struct DriftMatchersRow {
  TenantId tenant;
  std::vector<std::string> ids, words;
};

struct DriftSettings {
  std::vector<DriftMatchersRow> matchers;  // of tenants that set their own
  std::vector<TenantId> erased;            // nothing may be written for them any more
};

Result<DriftSettings> load_drift_settings(pg::Connection& connection);

// As plumbline_control. nullopt: the tenant has the defaults.
Result<std::optional<DriftMatchersRow>> drift_matchers(pg::Connection& connection, TenantId tenant);
// Poison "matchers" when there are none, more than 100 of a kind, an empty one or one longer than 200 bytes.
Status set_drift_matchers(pg::Connection& connection, const DriftMatchersRow& row, std::string_view actor);
Status reset_drift_matchers(pg::Connection& connection, TenantId tenant, std::string_view actor);

}  // namespace plumbline::postgres
