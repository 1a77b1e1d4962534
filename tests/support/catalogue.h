// Whatever tables, views and partitions schema plumbline has: a catalogue of them and a row for each, so that
// tests of who sees what need no list that somebody forgets to keep. Not thread-safe.
#pragma once
#include <string>
#include <vector>

#include "core/pg/connection.h"

namespace plumbline::tests {

struct Relation {
  std::string name;
  std::string tenant_column;
  char kind;  // r table, p partitioned, v view, m materialized view
  bool partition;
  bool secured;
  bool forced;
  std::string options;
};

// Everything that holds a tenant's rows: it has a tenant_id, or is the table of tenants. Throws.
[[nodiscard]] std::vector<Relation> relations(pg::Connection& super);

// One row for each of the tenants in every table, as the superuser with foreign keys off for the session, and
// today's partition of traces. Throws with the table that refused.
void fill_every_table(pg::Connection& super, const std::vector<std::string>& tenants);

}  // namespace plumbline::tests
