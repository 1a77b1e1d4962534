#include "core/pg/connection.h"

#include <cerrno>
#include <chrono>
#include <limits>
#include <string>

#include <libpq-fe.h>
#include <poll.h>

#include "core/pg/connection_state.h"
#include "core/pg/error.h"

namespace plumbline::pg {
namespace {

// Consumers wait for each other's rows, and a server waits for ever for a client that was stopped inside a
// transaction. Longer than any of them thinks between two statements, shorter than anybody wants to stand.
std::string idle_limit(std::string_view role) {
  return role == "plumbline_writer" ? "; SET idle_in_transaction_session_timeout TO '15s'" : "";
}

}  // namespace

Connection::Connection(pg_conn* connection) : state_(std::make_unique<State>(connection)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::connect(const ConnectOptions& options) {
  char* why = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(options.conninfo.c_str(), &why);
  if (parsed == nullptr) {
    std::string text = why == nullptr ? "out of memory" : why;
    PQfreemem(why);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return fatal("conninfo", "postgres.url is neither libpq keywords nor a URI: " + text);
  }
  PQconninfoFree(parsed);
  // In order: what the conninfo may override, the conninfo (expanded from "dbname"), what overrides it. The
  // time-outs end a half-open connection, which would block a statement for hours.
  std::vector<const char*> names{"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                 "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                                 "dbname",           "client_encoding"};
  const std::string password(options.password.reveal());
  std::vector<const char*> values{
      "10", "30", "10", "3", "30000", options.application_name.c_str(), options.conninfo.c_str(), "UTF8"};
  if (!options.password.empty()) {
    names.push_back("password");
    values.push_back(password.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PGconn* conn = PQconnectdbParams(names.data(), values.data(), 1);
  if (conn == nullptr) return retryable("connection", "out of memory for a PostgreSQL connection");
  Connection made(conn);
  if (PQstatus(conn) != CONNECTION_OK) return connection_error(conn);
  if (!options.role.empty()) {
    char* quoted = PQescapeIdentifier(conn, options.role.data(), options.role.size());
    const std::string set = quoted == nullptr ? std::string() : std::string("SET ROLE ") + quoted;
    PQfreemem(quoted);
    if (Status taken = made.execute(set + idle_limit(options.role)); !taken) return taken.error();
  }
  return made;
}

Result<Rows> Connection::query(std::string_view sql, std::initializer_list<Param> params) {
  return query(sql, std::span<const Param>(params.begin(), params.size()));
}

// Parameters as libpq takes them.
struct Connection::Wire {
  int count = 0;
  const char* const* values = nullptr;
  const int* lengths = nullptr;  // with formats, for binary ones
  const int* formats = nullptr;
};

Result<Rows> Connection::query(std::string_view sql, std::span<const Param> params) {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);
  if (Status bound = s.bind(params); !bound) return bound.error();
  return run(sql, {static_cast<int>(params.size()), s.values.data()});
}

Result<Rows> Connection::query_binary(std::string_view sql, std::string_view value) {
  if (broken()) return connection_error(state_->conn);
  // libpq counts in int, and a server takes no message beyond a gigabyte.
  if (value.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) / 2) {
    return poison("54000", "a binary parameter of " + std::to_string(value.size()) +
                               " bytes is more than a statement takes");
  }
  const char* const values[] = {value.data()};
  const int lengths[] = {static_cast<int>(value.size())};
  const int formats[] = {1};
  return run(sql, {1, values, lengths, formats});
}

Result<Rows> Connection::run(std::string_view sql, const Wire& wire) {
  State& s = *state_;
  Result<const char*> name = s.prepare(sql, wire.count);
  if (!name) return name.error();
  const bool prepared = **name != '\0';
  Held result(prepared ? PQexecPrepared(s.conn, *name, wire.count, wire.values, wire.lengths, wire.formats, 0)
                       : PQexecParams(s.conn, std::string(sql).c_str(), wire.count, nullptr, wire.values,
                                      wire.lengths, wire.formats, 0));
  if (result.good()) return Rows(result.release());
  if (result.status() == PGRES_COPY_IN || result.status() == PGRES_COPY_OUT ||
      result.status() == PGRES_COPY_BOTH) {
    s.out_of_step = true;
    return fatal("protocol", "COPY was given to query(); use copy_in or copy_out");
  }
  Error error = error_of(s.conn, result.held);
  // A table changed under the prepared plan, or a pooler dropped it: prepared anew the next time.
  if (prepared && (error.code == "0A000" || error.code == "26000")) {
    if (auto found = s.prepared.find(sql); found != s.prepared.end()) s.prepared.erase(found);
    error.fault = Fault::kRetryable;
  }
  return error;
}

Status Connection::execute(const std::string& sql) {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);
  const Held result(PQexec(s.conn, sql.c_str()));
  if (result.good()) return ok_status();
  return error_of(s.conn, result.held);
}

Status Connection::commit() {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);  // lost before COMMIT was sent: nothing is in doubt
  const Held result(PQexec(s.conn, "COMMIT"));
  if (PQstatus(s.conn) == CONNECTION_BAD) {
    return retryable("in_doubt",
                     "the PostgreSQL connection was lost inside COMMIT: it may or may not have happened; "
                     "read the stored position again before anything is repeated");
  }
  if (!result.good()) return error_of(s.conn, result.held);
  // COMMIT of a failed transaction "succeeds" as a rollback.
  if (std::string_view(PQcmdStatus(result.held)) == "ROLLBACK") {
    return fatal("25P02", "the transaction had failed before COMMIT and was rolled back");
  }
  return ok_status();
}

void Connection::rollback() noexcept {
  if (!state_ || broken()) return;
  PQclear(PQexec(state_->conn, "ROLLBACK"));
}

Result<bool> Connection::wait_notification(int timeout_ms) {
  State& s = *state_;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    if (broken() || PQconsumeInput(s.conn) != 1) return connection_error(s.conn);
    bool came = false;
    while (PGnotify* note = PQnotifies(s.conn)) {
      came = true;
      PQfreemem(note);
    }
    if (came) return true;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
            .count();
    if (left <= 0) return false;
    pollfd socket{PQsocket(s.conn), POLLIN, 0};
    if (::poll(&socket, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
      return retryable("connection", "waiting for a PostgreSQL notification failed");
    }
  }
}

bool Connection::broken() const {
  return state_->out_of_step || PQstatus(state_->conn) != CONNECTION_OK;
}

}  // namespace plumbline::pg
