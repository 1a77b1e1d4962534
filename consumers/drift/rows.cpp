#include "consumers/drift/rows.h"

#include <utility>

#include "consumers/drift/event.h"
#include "consumers/drift/state_json.h"

namespace plumbline::drift {
namespace {

// Bounds what a late report makes to be read for each run it looks into.
constexpr std::size_t kRunMax = 256;

postgres::DriftReportRow report_row(const Stream& stream, Entry& entry) {
  Report& report = entry.report;
  postgres::DriftReportRow row;
  row.stream = row_id(stream);
  row.key = row_key(report.key);
  row.passed = report.passed;
  row.layer_total = report.layer_total;
  row.commit = std::move(report.commit);
  row.version = std::move(report.version);
  if (!report.layer.empty()) row.layer = to_json(report.layer);
  if (entry.kept) row.state = to_json(*entry.kept);
  return row;
}

// Nothing is to be remembered of it but that it was there.
bool is_plain(const Entry& entry) {
  return !entry.kept && entry.report.layer.empty() && entry.report.layer_total == 0;
}

}  // namespace

void add_runs(const Stream& stream, std::span<Entry> entries, std::vector<postgres::DriftReportRow>& rows) {
  std::vector<postgres::DriftEarlier> earlier;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    const bool goes_on = i + 1 < entries.size() && is_plain(entry) &&
                         entries[i + 1].report.passed == entry.report.passed && earlier.size() + 1 < kRunMax;
    if (goes_on) {
      earlier.push_back(
          {row_key(entry.report.key), std::move(entry.report.commit), std::move(entry.report.version)});
    } else {
      rows.push_back(report_row(stream, entry));
      rows.back().earlier = std::exchange(earlier, {});
    }
  }
}

Result<Entry> entry_of(const postgres::DriftReportRow& row) {
  Entry entry;
  entry.stored = true;
  entry.report = {key_of_row(row.key), row.passed, row.commit, row.version, {}, row.layer_total};
  if (!row.layer.empty()) {
    auto layer = violations_from(row.layer);
    if (!layer) return layer.error();
    entry.report.layer = std::move(*layer);
  }
  if (row.state) {
    auto state = state_from(*row.state);
    if (!state) return state.error();
    entry.kept = std::move(*state);
  }
  return entry;
}

postgres::DriftRow drift_row(const Stream& stream, const Drift& drift) {
  postgres::DriftRow row;
  row.stream = row_id(stream);
  row.drift = drift.id;
  row.incident = drift.incident;
  row.repo = stream.repo;
  row.branch = stream.branch;
  row.severity = drift.severity;
  row.opened = row_key(drift.opened.key);
  row.opened_commit = drift.opened.commit;
  row.opened_version = drift.opened.version;
  row.previous = row_key(drift.previous.key);
  row.previous_commit = drift.previous.commit;
  row.previous_version = drift.previous.version;
  row.passing_since = drift.passing_since;
  row.updated_at = drift.updated_at;
  if (drift.resolved) {
    row.resolved = row_key(drift.resolved->key);
    row.resolved_commit = drift.resolved->commit;
    row.resolved_version = drift.resolved->version;
  }
  row.violations = to_json(drift.violations);
  row.violations_total = drift.violations_total;
  return row;
}

postgres::DriftEventRow event_row(const Stream& stream, const Event& event, TimeUs recorded_at) {
  postgres::DriftEventRow row;
  row.tenant = stream.tenant;
  row.id = event.id;
  row.key = key_of(stream.tenant, stream.repo);
  row.lane = postgres::drift_lane(row.key);
  row.type = to_word(event.what.type);
  row.time = event.what.report.key.time;
  row.recorded_at = recorded_at;
  row.notify = event.notify;
  row.late = event.late;
  row.correction = event.correction;
  row.stream = stream.id;
  row.repo = stream.repo;
  row.branch = stream.branch;
  if (event.what.drift) row.drift = event.what.drift->id;
  if (!row.drift && event.told) row.drift = event.told->drift;
  row.report = row_key(event.what.report.key);
  row.body = body_of(stream, event, recorded_at);
  return row;
}

}  // namespace plumbline::drift
