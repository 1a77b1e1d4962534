// Forward-only migrations. The SQL files of schemas/sql are embedded; each runs once, in one transaction,
// under an advisory lock, and is remembered with its checksum in plumbline.schema_migrations.
//
// 0001 runs as the login role (it makes the roles and the schema), every later file as plumbline_owner, so
// that whatever it makes is owned by a role that nobody logs in as.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::pg {

struct Migration {
  int version;
  std::string_view name;  // the file's name
  std::string_view sql;
};

// Ascending by version; static storage.
[[nodiscard]] std::span<const Migration> embedded_migrations();

struct MigrationState {
  int version;
  std::string name;
  bool applied;
};

struct MigrateReport {
  std::vector<std::string> applied;  // names of the files that ran now
  int version = 0;                   // newest
};

// What is applied and what is to come. Errors (fatal): "migration_changed" names a file that was applied with
// another text, "schema_newer" a database that a newer binary migrated, "migration_order" a new file numbered
// below an applied one.
Result<std::vector<MigrationState>> migration_states(Connection& connection,
                                                     std::span<const Migration> migrations);

// Brings the database to the newest version. Safe when several start at once: one works, the others wait and
// find it done. The login role needs CREATEROLE and CREATE on the database the first time; afterwards
// membership in plumbline_owner.
Result<MigrateReport> migrate(Connection& connection,
                              std::span<const Migration> migrations = embedded_migrations());

}  // namespace plumbline::pg
