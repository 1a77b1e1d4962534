// Everything that persist writes, as one text, so that two histories can be compared. Left out is when and by
// whom it was written.
#pragma once
#include <string>

#include "core/pg/connection.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {

inline std::string all_tables(pg::Connection& super) {
  std::string all;
  for (const char* table :
       {"traces", "reports", "violations", "chain_links", "ledger", "edge_outcomes", "edge_reasons",
        "frame_sequences", "log_holes", "key_usage",
        "(SELECT to_jsonb(d) - 'noted_at' FROM plumbline.dead_letters d)",
        "(SELECT consumer, topic, partition, next_offset, counted_offset FROM plumbline.positions)"}) {
    const std::string name = table;
    const std::string from = name.front() == '(' ? name : "plumbline." + name;
    auto rows = require(
        super.query("SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"), '') FROM " +
                    from + " t"));
    all += name + "\n" + std::string(rows.text(0, 0)) + "\n";
  }
  return all;
}

}  // namespace plumbline::tests
