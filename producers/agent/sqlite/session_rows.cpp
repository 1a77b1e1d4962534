#include "producers/agent/sqlite/session_rows.h"

#include <memory>
#include <system_error>

#include <sqlite3.h>

namespace plumbline::agent {
namespace {

constexpr int kBusyWaitMs = 1000;  // AtlasBridge's own transactions are single statements

constexpr const char* kQuery = R"(
  SELECT s.id, s.tool, s.status, s.started_at, s.ended_at, max(coalesce(p.resolved_at, p.created_at)),
         count(p.id), (SELECT count(*) FROM replies r WHERE r.session_id = s.id),
         count(CASE p.status WHEN 'expired' THEN 1 END), count(CASE p.status WHEN 'failed' THEN 1 END),
         count(CASE p.status WHEN 'canceled' THEN 1 END)
    FROM (SELECT * FROM sessions ORDER BY started_at DESC LIMIT ?1) s LEFT JOIN prompts p ON p.session_id = s.id
   GROUP BY s.id ORDER BY s.started_at)";

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

Error failed(const std::filesystem::path& path, sqlite3* database) {
  return retryable("store", path.string() + ": " + sqlite3_errmsg(database) +
                                "; is it AtlasBridge's store (atlasbridge.db)?");
}

std::string text(sqlite3_stmt* row, int column) {
  const void* bytes = sqlite3_column_blob(row, column);
  const int size = sqlite3_column_bytes(row, column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

}  // namespace

Result<std::vector<SessionRow>> read_sessions(const std::filesystem::path& path) {
  std::vector<SessionRow> rows;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return rows;
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, Close> database(opened);
  if (code != SQLITE_OK) return failed(path, opened);
  sqlite3_busy_timeout(opened, kBusyWaitMs);
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(opened, kQuery, -1, &prepared, nullptr) != SQLITE_OK) return failed(path, opened);
  const std::unique_ptr<sqlite3_stmt, Close> statement(prepared);
  sqlite3_bind_int(prepared, 1, kSessionsMax);
  int step = 0;
  while ((step = sqlite3_step(prepared)) == SQLITE_ROW) {
    SessionRow row{text(prepared, 0), text(prepared, 1), text(prepared, 2),
                   text(prepared, 3), text(prepared, 4), text(prepared, 5)};
    row.prompts = sqlite3_column_int64(prepared, 6);
    row.replies = sqlite3_column_int64(prepared, 7);
    row.expired = sqlite3_column_int64(prepared, 8);
    row.failed = sqlite3_column_int64(prepared, 9);
    row.canceled = sqlite3_column_int64(prepared, 10);
    rows.push_back(std::move(row));
  }
  if (step != SQLITE_DONE) return failed(path, opened);
  return rows;
}

}  // namespace plumbline::agent
