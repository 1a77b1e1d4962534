// The tables of health computed anew from what persist stored: schemas/sql/0030_health.sql says what each
// column means, this says it a second time in SQL over `reports`, `violations` and `traces`. Pure text.
#pragma once
#include <array>
#include <string>
#include <string_view>

namespace plumbline::postgres {

struct RebuiltTable {
  std::string_view name;
  std::string_view keys;     // columns that identify a row within the tenant, comma-separated
  std::string_view scope;    // condition of the rows a replay answers for; $2: from when
  std::string_view columns;  // all but generated ones
};

// In the order in which health writes them, which is the order to lock them in.
[[nodiscard]] const std::array<RebuiltTable, 7>& rebuilt_tables();

// INSERT INTO pg_temp.new_<table> ... of tenant $1 from $2 on. Reads pg_temp.counted (topic, partition,
// next_offset, received_at): how far health has come.
[[nodiscard]] std::string rebuild_statement(const RebuiltTable& table);

}  // namespace plumbline::postgres
