// Links of hash chains into PostgreSQL: those of stored traces by the chunk, as arrays; those of conflicting
// contents one by one, by key. Not thread-safe; one connection.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::postgres {

// One entry of an agent's hash chain.
struct ChainLink {
  std::array<std::uint8_t, 32> hash{};
  std::array<std::uint8_t, 32> prev_hash{};
  bool start = false;  // prev_hash is empty
  char content = 'u';  // o: complete and right, b: complete and not, u: can't be checked
};

// A link with what it came with. `agent` must outlive the call.
struct LinkRow {
  Uuid tenant;
  std::string_view agent;
  ChainLink link;
  Uuid digest;
  TimeUs time;
  Uuid id;
  std::int16_t topic = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int32_t index = 0;
};

class LinkStore {
 public:
  // After every connect: the type of the rows belongs to the session.
  Status prepare_session(pg::Connection& connection);
  // Links of traces that the open transaction stored; they are new by that. In the log's order they are
  // grouped fastest.
  Status add(pg::Connection& connection, std::span<const LinkRow> rows);
  // Links of conflicts: whoever is there already stays.
  static Status add_conflicts(pg::Connection& connection, std::span<const LinkRow> rows);

 private:
  // Rows that follow each other in `rows` and in one chain.
  struct Run {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  void group(std::span<const LinkRow> rows);
  void chunk(std::span<const LinkRow* const> rows);
  std::uint32_t row_type_ = 0;
  std::string stream_;
  std::string chunk_;
  std::vector<Run> runs_;
  std::vector<const LinkRow*> grouped_;  // chain by chain, each in the log's order
};

}  // namespace plumbline::postgres
