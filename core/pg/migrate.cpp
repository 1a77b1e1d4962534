#include "core/pg/migrate.h"

#include <map>
#include <utility>

namespace plumbline::pg {
namespace {

// "plumblin" as a number: the advisory lock that one migrator of a database holds.
constexpr const char* kLock = "8101241656164411758";

// Rolls back unless the transaction was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  ~Transaction() {
    if (open_) connection_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Status begin() {
    Status begun = connection_.begin();
    open_ = begun.ok();
    return begun;
  }
  Status commit() {
    open_ = false;
    return connection_.commit();
  }

 private:
  Connection& connection_;
  bool open_ = false;
};

// Held by the session, so it ends with the connection, also when the process is killed.
class SessionLock {
 public:
  explicit SessionLock(Connection& connection) : connection_(connection) {}
  ~SessionLock() {
    if (held_ && !connection_.broken()) (void)connection_.query("SELECT pg_advisory_unlock($1)", {kLock});
  }
  SessionLock(const SessionLock&) = delete;
  SessionLock& operator=(const SessionLock&) = delete;
  Status take() {
    auto taken = connection_.query("SELECT pg_advisory_lock($1)", {kLock});
    if (!taken) return taken.error();
    held_ = true;
    return ok_status();
  }

 private:
  Connection& connection_;
  bool held_ = false;
};

struct Applied {
  std::string name;
  std::string checksum;
};

Result<std::map<int, Applied>> applied_files(Connection& c) {
  std::map<int, Applied> files;
  auto there = c.query("SELECT to_regclass('plumbline.schema_migrations') IS NOT NULL");
  if (!there) return there.error();
  if (there->text(0, 0) != "t") return files;
  auto rows = c.query("SELECT version, name, checksum FROM plumbline.schema_migrations ORDER BY version");
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) {
    files[static_cast<int>(rows->integer(i, 0))] = {std::string(rows->text(i, 1)),
                                                    std::string(rows->text(i, 2))};
  }
  return files;
}

// SHA-256 by the server: core/pg then needs no crypto library.
Result<std::string> checksum_of(Connection& c, std::string_view sql) {
  auto rows = c.query("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", {sql});
  if (!rows) return rows.error();
  return std::string(rows->text(0, 0));
}

Status check_applied(Connection& c, const std::map<int, Applied>& applied,
                     std::span<const Migration> migrations) {
  std::map<int, const Migration*> known;
  for (const Migration& m : migrations) known[m.version] = &m;
  for (const auto& [version, file] : applied) {
    const auto found = known.find(version);
    if (found == known.end()) {
      return fatal("schema_newer",
                   "the database has migration " + file.name +
                       ", which this binary does not know: use the binary that applied it or a newer one");
    }
    auto sum = checksum_of(c, found->second->sql);
    if (!sum) return sum.error();
    if (*sum != file.checksum) {
      return fatal("migration_changed",
                   std::string(found->second->name) +
                       " was changed after it had been applied: restore its text and put the change "
                       "into a new migration");
    }
  }
  const int newest = applied.empty() ? 0 : applied.rbegin()->first;
  for (const Migration& m : migrations) {
    if (m.version < newest && !applied.contains(m.version)) {
      return fatal("migration_order", std::string(m.name) +
                                          " is numbered below the newest applied migration: give it the "
                                          "next free number");
    }
  }
  return ok_status();
}

Error in_file(const Migration& m, Error error) {
  error.message = std::string(m.name) + ": " + error.message;
  return error;
}

Status apply(Connection& c, const Migration& m) {
  auto sum = checksum_of(c, m.sql);
  if (!sum) return sum.error();
  Transaction transaction(c);
  if (Status begun = transaction.begin(); !begun) return begun;
  if (m.version > 1) {
    if (Status as_owner = c.execute("SET LOCAL ROLE plumbline_owner"); !as_owner)
      return in_file(m, as_owner.error());
  }
  if (Status ran = c.execute(std::string(m.sql)); !ran) return in_file(m, ran.error());
  const std::string version = std::to_string(m.version);
  auto kept = c.query("INSERT INTO plumbline.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                      {version, m.name, *sum});
  if (!kept) return in_file(m, kept.error());
  if (Status done = transaction.commit(); !done) return in_file(m, done.error());
  return ok_status();
}

}  // namespace

Result<std::vector<MigrationState>> migration_states(Connection& c, std::span<const Migration> migrations) {
  auto applied = applied_files(c);
  if (!applied) return applied.error();
  if (Status checked = check_applied(c, *applied, migrations); !checked) return checked.error();
  std::vector<MigrationState> states;
  for (const Migration& m : migrations) {
    states.push_back({m.version, std::string(m.name), applied->contains(m.version)});
  }
  return states;
}

Result<MigrateReport> migrate(Connection& c, std::span<const Migration> migrations) {
  SessionLock lock(c);
  if (Status taken = lock.take(); !taken) return taken.error();
  auto states = migration_states(c, migrations);
  if (!states) return states.error();
  MigrateReport report;
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    report.version = migrations[i].version;
    if ((*states)[i].applied) continue;
    if (Status done = apply(c, migrations[i]); !done) return done.error();
    report.applied.emplace_back(migrations[i].name);
  }
  return report;
}

}  // namespace plumbline::pg
