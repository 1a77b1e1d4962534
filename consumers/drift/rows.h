// Between the values of a history and the rows of sinks/postgres.
#pragma once
#include <span>
#include <vector>

#include "consumers/drift/timeline.h"
#include "core/result.h"
#include "sinks/postgres/drift_store.h"

namespace plumbline::drift {

[[nodiscard]] inline postgres::DriftReportKey row_key(const ReportKey& key) {
  return {key.time, key.id};
}
[[nodiscard]] inline ReportKey key_of_row(const postgres::DriftReportKey& key) {
  return {key.time, key.id};
}
[[nodiscard]] inline postgres::DriftStreamId row_id(const Stream& stream) {
  return {stream.tenant, stream.id};
}

// As few runs as hold these entries, which follow one another; their texts are moved into the rows.
void add_runs(const Stream& stream, std::span<Entry> entries, std::vector<postgres::DriftReportRow>& rows);
// Of a run of one.
Result<Entry> entry_of(const postgres::DriftReportRow& row);
[[nodiscard]] postgres::DriftRow drift_row(const Stream& stream, const Drift& drift);
[[nodiscard]] postgres::DriftEventRow event_row(const Stream& stream, const Event& event, TimeUs recorded_at);

}  // namespace plumbline::drift
