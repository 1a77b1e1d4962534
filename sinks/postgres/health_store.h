// Sums of health into its tables, in the transaction that the caller has open.
#pragma once
#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/health_sums.h"

namespace plumbline::postgres {

// Adds the sums and raises the latest states. Rows are written table by table in the order of their keys:
// members that meet on a row wait for each other and never in a ring. Changes nothing but through
// `connection`.
Status add_health(pg::Connection& connection, const HealthSums& sums);

}  // namespace plumbline::postgres
