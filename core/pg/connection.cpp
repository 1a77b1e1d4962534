#include "core/pg/connection.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <unordered_map>

#include <libpq-fe.h>
#include <poll.h>

#include "core/pg/error.h"

namespace plumbline::pg {
namespace {

// Statements one connection keeps prepared: more than any role of Plumbline has, few enough that generated
// SQL texts can't grow the server's memory.
constexpr std::size_t kPreparedMax = 128;
// One CopyData message: large enough that the call is nothing, small enough that libpq's buffer stays small.
constexpr std::size_t kCopySliceBytes = std::size_t{256} << 10;

struct Held {  // one RAII holder for a result
  explicit Held(PGresult* r) : held(r) {}
  ~Held() { PQclear(held); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  PGresult* release() { return std::exchange(held, nullptr); }
  [[nodiscard]] ExecStatusType status() const { return PQresultStatus(held); }
  [[nodiscard]] bool good() const {
    return status() == PGRES_COMMAND_OK || status() == PGRES_TUPLES_OK || status() == PGRES_EMPTY_QUERY;
  }
  PGresult* held;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

void ignore_notice(void*, const PGresult*) {}  // notices may quote values; nothing here depends on them

}  // namespace

struct Connection::State {
  struct Prepared {
    std::string name;
    std::uint64_t used = 0;
  };

  explicit State(PGconn* c) : conn(c) { PQsetNoticeReceiver(conn, ignore_notice, nullptr); }
  ~State() { PQfinish(conn); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Drops the statement that was used longest ago. False: it can't be dropped now (a failed transaction).
  bool evict() {
    auto oldest = std::min_element(prepared.begin(), prepared.end(), [](const auto& a, const auto& b) {
      return a.second.used < b.second.used;
    });
    const Held gone(PQexec(conn, ("DEALLOCATE " + oldest->second.name).c_str()));
    if (!gone.good()) return false;
    prepared.erase(oldest);
    return true;
  }

  // The name under which `sql` is prepared; empty: run it unprepared. An error is the statement's own.
  Result<const char*> prepare(std::string_view sql, int parameters) {
    if (auto found = prepared.find(sql); found != prepared.end()) {
      found->second.used = ++uses;
      return found->second.name.c_str();
    }
    if (PQtransactionStatus(conn) == PQTRANS_INERROR || (prepared.size() >= kPreparedMax && !evict()))
      return "";
    Prepared entry{"p" + std::to_string(++names), ++uses};
    const Held made(PQprepare(conn, entry.name.c_str(), std::string(sql).c_str(), parameters, nullptr));
    if (!made.good()) return error_of(conn, made.held);
    return prepared.emplace(std::string(sql), std::move(entry)).first->second.name.c_str();
  }

  // libpq wants terminated strings: the values are laid out in one reused buffer.
  Status bind(std::span<const Param> params) {
    scratch.clear();
    values.clear();
    std::size_t bytes = 0;
    for (const Param& p : params) bytes += p ? p->size() + 1 : 0;
    scratch.reserve(bytes);  // so that the pointers stay valid
    for (const Param& p : params) {
      if (!p) {
        values.push_back(nullptr);
        continue;
      }
      if (p->find('\0') != std::string_view::npos) {
        return poison("22021", "a parameter holds a NUL character, which PostgreSQL text can't");
      }
      values.push_back(scratch.data() + scratch.size());
      scratch.append(*p).push_back('\0');
    }
    return ok_status();
  }

  PGconn* conn;
  std::unordered_map<std::string, Prepared, TextHash, std::equal_to<>> prepared;
  std::uint64_t names = 0;
  std::uint64_t uses = 0;
  std::string scratch;
  std::vector<const char*> values;
  bool out_of_step = false;  // the protocol is in a state we don't know: the connection must go
};

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
    if (Status taken = made.execute(set); !taken) return taken.error();
  }
  return made;
}

Result<Rows> Connection::query(std::string_view sql, std::initializer_list<Param> params) {
  return query(sql, std::span<const Param>(params.begin(), params.size()));
}

Result<Rows> Connection::query(std::string_view sql, std::span<const Param> params) {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);
  if (Status bound = s.bind(params); !bound) return bound.error();
  const int count = static_cast<int>(params.size());
  Result<const char*> name = s.prepare(sql, count);
  if (!name) return name.error();
  const bool prepared = **name != '\0';
  Held result(prepared ? PQexecPrepared(s.conn, *name, count, s.values.data(), nullptr, nullptr, 0)
                       : PQexecParams(s.conn, std::string(sql).c_str(), count, nullptr, s.values.data(),
                                      nullptr, nullptr, 0));
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

namespace {

// Reads the results that end a COPY; the first failure wins.
Result<std::int64_t> finish_copy(PGconn* conn) {
  std::int64_t rows = 0;
  std::optional<Error> failed;
  while (PGresult* raw = PQgetResult(conn)) {
    Rows result(raw);
    if (PQresultStatus(raw) == PGRES_COMMAND_OK) {
      rows = result.affected();
    } else if (!failed) {
      failed = error_of(conn, raw);
    }
    if (PQstatus(conn) == CONNECTION_BAD) break;
  }
  if (failed) return *std::move(failed);
  if (PQstatus(conn) == CONNECTION_BAD) return connection_error(conn);
  return rows;
}

}  // namespace

Result<std::int64_t> Connection::copy_in(const std::string& sql, std::string_view data) {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);
  const Held start(PQexec(s.conn, sql.c_str()));
  if (start.status() != PGRES_COPY_IN) {
    s.out_of_step = start.status() == PGRES_COPY_OUT || start.status() == PGRES_COPY_BOTH;
    if (!start.good() && !s.out_of_step) return error_of(s.conn, start.held);
    return fatal("protocol", "copy_in needs COPY ... FROM STDIN");
  }
  while (!data.empty()) {
    const std::string_view slice = data.substr(0, kCopySliceBytes);
    if (PQputCopyData(s.conn, slice.data(), static_cast<int>(slice.size())) != 1) break;
    data.remove_prefix(slice.size());
  }
  // An error that the server raised meanwhile comes with the final result.
  PQputCopyEnd(s.conn, data.empty() ? nullptr : "the sender stopped");
  return finish_copy(s.conn);
}

Status Connection::copy_out(const std::string& sql, const std::function<Status(std::string_view)>& row) {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);
  const Held start(PQexec(s.conn, sql.c_str()));
  if (start.status() != PGRES_COPY_OUT) {
    s.out_of_step = start.status() == PGRES_COPY_IN || start.status() == PGRES_COPY_BOTH;
    if (!start.good() && !s.out_of_step) return error_of(s.conn, start.held);
    return fatal("protocol", "copy_out needs COPY ... TO STDOUT");
  }
  Status told = ok_status();
  char* buffer = nullptr;
  int size = 0;
  while ((size = PQgetCopyData(s.conn, &buffer, 0)) > 0) {
    if (told) {
      told = row({buffer, static_cast<std::size_t>(size)});
      if (!told) {  // the caller has had enough: stop the server, drain what is under way
        char ignored[256];
        PGcancel* cancel = PQgetCancel(s.conn);
        PQcancel(cancel, ignored, sizeof ignored);
        PQfreeCancel(cancel);
      }
    }
    PQfreemem(buffer);
  }
  const Result<std::int64_t> end = finish_copy(s.conn);
  if (!told) return told;
  if (!end) return end.error();
  return ok_status();
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
