// All rows of one tenant, whatever tables there are: export and erase. Works as plumbline_owner bound by
// row-level security to the tenant, so a table that is added later is covered without a change here. Not
// thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::postgres {

using RowCounts = std::map<std::string, std::int64_t>;  // by table

// Each row as one line of JSON (with its newline), table by table, from one snapshot. Sealed secrets are left
// out.
Result<RowCounts> export_tenant(
    pg::Connection& connection, const Tenant& tenant,
    const std::function<Status(std::string_view table, std::string_view line)>& to);

// First (one transaction) the tenant becomes `erased` with its keys revoked and their secrets gone, which the
// outbox tells every edge; then rows go in batches. Interrupted, it is simply run again. What stays: the
// tenant's id with its status, the ids of its keys, the audit log. The log's own copy leaves by the topics'
// retention. Returns the rows deleted by table.
Result<RowCounts> erase_tenant(pg::Connection& connection, const Tenant& tenant, std::string_view actor);

}  // namespace plumbline::postgres
