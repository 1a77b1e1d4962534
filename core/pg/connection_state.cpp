#include "core/pg/connection_state.h"

#include <algorithm>

#include "core/pg/error.h"

namespace plumbline::pg {
namespace {

// Statements one connection keeps prepared: more than any role of Plumbline has, few enough that generated
// SQL texts can't grow the server's memory.
constexpr std::size_t kPreparedMax = 128;
void ignore_notice(void*, const PGresult*) {}  // notices may quote values; nothing here depends on them

}  // namespace

Connection::State::State(PGconn* connection) : conn(connection) {
  PQsetNoticeReceiver(conn, ignore_notice, nullptr);
}

bool Connection::State::evict() {
  auto oldest = std::min_element(prepared.begin(), prepared.end(),
                                 [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
  const Held gone(PQexec(conn, ("DEALLOCATE " + oldest->second.name).c_str()));
  if (!gone.good()) return false;
  prepared.erase(oldest);
  return true;
}

Result<const char*> Connection::State::prepare(std::string_view sql, int parameters) {
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

Status Connection::State::bind(std::span<const Param> params) {
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

}  // namespace plumbline::pg
