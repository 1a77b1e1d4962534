// PostgreSQL as the console uses it: reads as plumbline_reader bound to one tenant in a transaction, people,
// keys and routes as plumbline_control. One Database belongs to one thread.
#pragma once
#include <optional>
#include <string>
#include <utility>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::console {

class Database {
 public:
  explicit Database(pg::ConnectOptions options) : options_(std::move(options)) {}

  // Connected when first asked for, and again after it broke. Errors as pg::Connection::connect.
  Result<pg::Connection*> control();
  // For as_reader.
  Result<pg::Connection*> reader();

 private:
  Result<pg::Connection*> connected(std::optional<pg::Connection>& held, const char* role);

  pg::ConnectOptions options_;
  std::optional<pg::Connection> reader_;
  std::optional<pg::Connection> control_;
};

// Begins a read-only transaction that sees one tenant's rows.
Status begin_as_reader(pg::Connection& connection, TenantId tenant, int timeout_ms);

// How long one statement may take.
inline constexpr int kStatementTimeoutMs = 10'000;

// `work(connection)` returns a Result; its rows are copied out before the transaction ends.
template <class Work>
auto as_reader(Database& database, TenantId tenant, Work&& work, int timeout_ms = kStatementTimeoutMs)
    -> decltype(work(std::declval<pg::Connection&>())) {
  auto connection = database.reader();
  if (!connection) return connection.error();
  pg::Connection& c = **connection;
  if (Status begun = begin_as_reader(c, tenant, timeout_ms); !begun) {
    c.rollback();
    return begun.error();
  }
  auto result = std::forward<Work>(work)(c);
  c.rollback();  // nothing was written
  return result;
}

}  // namespace plumbline::console
