#include <optional>

#include "core/pg/connection_state.h"
#include "core/pg/error.h"

namespace plumbline::pg {
namespace {

// One CopyData message: large enough that the call is nothing, small enough that libpq's buffer stays small.
constexpr std::size_t kCopySliceBytes = std::size_t{256} << 10;

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
  return copy_in(sql, [&data] {
    const std::string_view slice = data.substr(0, kCopySliceBytes);
    data.remove_prefix(slice.size());
    return slice;
  });
}

Result<std::int64_t> Connection::copy_in(const std::string& sql,
                                         const std::function<std::string_view()>& next) {
  State& s = *state_;
  if (broken()) return connection_error(s.conn);
  const Held start(PQexec(s.conn, sql.c_str()));
  if (start.status() != PGRES_COPY_IN) {
    s.out_of_step = start.status() == PGRES_COPY_OUT || start.status() == PGRES_COPY_BOTH;
    if (!start.good() && !s.out_of_step) return error_of(s.conn, start.held);
    return fatal("protocol", "copy_in needs COPY ... FROM STDIN");
  }
  bool sent = true;
  for (std::string_view piece; sent && !(piece = next()).empty();)
    sent = PQputCopyData(s.conn, piece.data(), static_cast<int>(piece.size())) == 1;
  // An error that the server raised meanwhile comes with the final result.
  PQputCopyEnd(s.conn, sent ? nullptr : "the sender stopped");
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

}  // namespace plumbline::pg
