// How drift's rows go to PostgreSQL: many in one parameter, in its binary format (trace_store_records.h), as
// composites of types that belong to the session. As text a row costs both sides twice as much.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/pg/connection.h"
#include "sinks/postgres/drift_store.h"
#include "sinks/postgres/trace_store_records.h"

namespace plumbline::postgres {

// Of one statement, about: bounds both sides' buffers.
inline constexpr std::size_t kDriftArrayBytes = std::size_t{2} << 20;

// `sql` has the array as its only parameter; put(row, out) appends all columns of a row. The rows that the
// statements wrote.
template <class Row, class Put>
Result<std::int64_t> send_rows(pg::Connection& c, const char* sql, const DriftRowType& type,
                               std::span<const Row> rows, Put put) {
  std::string stream, one;
  RecordArray array(stream);
  RecordRow out(one);
  std::int64_t written = 0;
  for (std::size_t at = 0; at < rows.size();) {
    stream.clear();
    array.begin(type.number);
    for (; at < rows.size() && stream.size() < kDriftArrayBytes; ++at) {
      one.clear();
      out.begin(type.columns);
      put(rows[at], out);
      array.next(one.size());
      stream.append(one);
    }
    array.finish();
    auto done = c.query_binary(sql, stream);
    if (!done) return done.error();
    written += done->affected();
  }
  return written;
}

inline void add_key(RecordRow& out, const std::optional<DriftReportKey>& key) {
  out.time(key ? std::optional(key->time) : std::nullopt);
  out.uuid(key ? std::optional(key->id) : std::nullopt);
}

}  // namespace plumbline::postgres
