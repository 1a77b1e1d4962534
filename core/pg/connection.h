// One PostgreSQL connection over libpq: parameters only (never values in SQL text), COPY, no silent
// reconnect. ADR 0003 says why libpq rather than libpqxx. Not thread-safe: one thread at a time. Only core/pg
// includes <libpq-fe.h>.
//
// Errors: `retryable` for a lost or refused connection, serialization failure, deadlock, too many
// connections, disk full, or a server shutting down; `poison` for a statement that this data can never pass
// (constraint, bad value); code is the SQLSTATE, "connection" when there is none, "in_doubt" when the
// connection was lost inside COMMIT.
#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"

struct pg_conn;
struct pg_result;

namespace plumbline::pg {

struct ConnectOptions {
  std::string conninfo;  // libpq keyword/value or URI; TLS by sslmode, sslrootcert in it
  Secret password = {};  // overrides the conninfo's, from a *_FILE
  std::string application_name = "plumbline";
  std::string role = {};  // SET ROLE after connecting, such as plumbline_writer; empty: the login role
};

// A text-format result. Views live as long as the Rows.
class Rows {
 public:
  explicit Rows(pg_result* result);
  ~Rows();
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  [[nodiscard]] int size() const;
  [[nodiscard]] std::int64_t affected() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string_view text(int row, int column) const;  // "" when null
  [[nodiscard]] std::int64_t integer(int row,
                                     int column) const;  // 0 when null; precondition: an integer column

 private:
  pg_result* result_;
};

using Param = std::optional<std::string_view>;  // text format; nullopt is NULL

class Connection {
 public:
  static Result<Connection> connect(const ConnectOptions& options);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // One statement with $1.. parameters; prepared and cached by text on first use (bounded cache).
  Result<Rows> query(std::string_view sql, std::initializer_list<Param> params = {});
  Result<Rows> query(std::string_view sql, std::span<const Param> params);
  // One statement whose only parameter, $1, is in PostgreSQL's binary format of its type; prepared as above.
  // `value` is handed to libpq as it is: arrays of many rows go in without being copied once more.
  Result<Rows> query_binary(std::string_view sql, std::string_view value);
  // Several statements without parameters (migrations, BEGIN): simple protocol.
  Status execute(const std::string& sql);
  Status begin() { return execute("BEGIN"); }
  // "in_doubt" when the connection broke while committing: re-read the position, never blindly retry.
  Status commit();
  void rollback() noexcept;
  // COPY ... FROM STDIN: `data` is the whole stream in the format the statement names, handed over in slices.
  // Returns the rows copied.
  Result<std::int64_t> copy_in(const std::string& sql, std::string_view data);
  // The same, piece by piece: `next` gives what follows, each valid until the next call; an empty one ends
  // it. Not asked any more once the connection is lost.
  Result<std::int64_t> copy_in(const std::string& sql, const std::function<std::string_view()>& next);
  // COPY ... TO STDOUT, row by row as PostgreSQL sends it (text and csv: with the newline). An error of `row`
  // stops the copy.
  Status copy_out(const std::string& sql, const std::function<Status(std::string_view)>& row);
  // LISTEN/NOTIFY: waits outside a transaction for a notification or the time-out; true when one came.
  Result<bool> wait_notification(int timeout_ms);
  [[nodiscard]] bool broken() const;

 private:
  explicit Connection(pg_conn* connection);
  struct State;
  struct Wire;
  Result<Rows> run(std::string_view sql, const Wire& wire);
  std::unique_ptr<State> state_;
};

}  // namespace plumbline::pg
