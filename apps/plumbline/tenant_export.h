// Where `plumbline tenant export` writes: one file a table, readable by its owner only.
#pragma once
#include <string>

#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/tenant_rows.h"

namespace plumbline::app {

// FOLDER/TABLE.ndjson, written to a temporary name and renamed when all are complete. Fatal "export" when the
// disk refuses.
Result<postgres::RowCounts> export_to_folder(pg::Connection& connection, const postgres::Tenant& tenant,
                                             const std::string& folder);

}  // namespace plumbline::app
