// What a Connection holds; for the files of core/pg that implement it.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "core/pg/connection.h"

namespace plumbline::pg {

// One RAII holder for a result.
struct Held {
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

struct Connection::State {
  struct Prepared {
    std::string name;
    std::uint64_t used = 0;
  };

  explicit State(PGconn* connection);
  ~State() { PQfinish(conn); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Drops the statement that was used longest ago. False: it can't be dropped now (a failed transaction).
  bool evict();
  // The name under which `sql` is prepared; empty: run it unprepared. An error is the statement's own.
  Result<const char*> prepare(std::string_view sql, int parameters);
  // libpq wants terminated strings: the values are laid out in one reused buffer.
  Status bind(std::span<const Param> params);

  PGconn* conn;
  std::unordered_map<std::string, Prepared, TextHash, std::equal_to<>> prepared;
  std::uint64_t names = 0;
  std::uint64_t uses = 0;
  std::string scratch;
  std::vector<const char*> values;
  bool out_of_step = false;  // the protocol is in a state we don't know: the connection must go
};

}  // namespace plumbline::pg
