// `plumbline replay health`: health's tables built anew beside the live ones, compared, swapped.
//
// Comparing reads one snapshot (REPEATABLE READ) and locks nothing: rows, positions and pending lines of
// health are written in one transaction, so the snapshot shows exactly what health has counted, and only
// stored rows of these addresses are taken. Swapping does the same under a lock that lets readers go on and
// keeps health from writing; its writes are additions to rows, so it goes on rightly afterwards. Not
// thread-safe. The connection's role is its login, which must be a member of plumbline_owner.
#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::postgres {

struct HealthDifference {
  std::string tenant;  // slug
  std::string table;
  std::string key;   // JSON of the row's key
  std::string what;  // "missing ...", "surplus ...", or "column live -> rebuilt, ..."
};

struct HealthComparison {
  std::string from;       // the hour it begins with, RFC 3339
  std::int64_t rows = 0;  // rebuilt
  std::int64_t differing = 0;
  std::vector<HealthDifference> shown;
};

struct ReplayOptions {
  std::string from;  // a time PostgreSQL reads; cut to the hour, and to what retention keeps
  std::size_t shown_max = 100;
  std::chrono::milliseconds patience{60000};  // for persist to reach what health has counted
};

// Of one tenant. Poison "bad_time"; retryable "persist_behind" when persist does not catch up in time.
Result<HealthComparison> compare_health(pg::Connection& connection, const Tenant& tenant,
                                        const ReplayOptions& options);

// Rebuilds the tenants once more and replaces every row that differs, of all of them in one transaction.
// Returns how many differed then.
Result<std::int64_t> swap_health(pg::Connection& connection, std::span<const Tenant> tenants,
                                 const ReplayOptions& options);

}  // namespace plumbline::postgres
