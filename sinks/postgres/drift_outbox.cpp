#include "sinks/postgres/drift_outbox.h"

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

// "drif" as a number: the class of the lanes' advisory locks.
constexpr const char* kLockClass = "1685219686";

}  // namespace

Result<bool> try_lock_drift_lane(pg::Connection& c, std::int16_t lane) {
  auto rows =
      c.query("SELECT pg_try_advisory_xact_lock($1::int, $2::int)", {kLockClass, std::to_string(lane)});
  if (!rows) return rows.error();
  return rows->text(0, 0) == "t";
}

Result<std::vector<DriftOutboxRow>> drift_outbox(pg::Connection& c, std::int16_t lane) {
  auto rows = c.query(
      "SELECT seq, event_id, tenant_id, key, type, body, (extract(epoch FROM time) * 1000000)::bigint "
      "FROM plumbline.drift_events WHERE lane = $1::int2 AND published_at IS NULL ORDER BY seq LIMIT $2::int",
      {std::to_string(lane), std::to_string(kDriftOutboxMost)});
  if (!rows) return rows.error();
  std::vector<DriftOutboxRow> found;
  for (int i = 0; i < rows->size(); ++i) {
    found.push_back({rows->integer(i, 0),
                     std::string(rows->text(i, 1)),
                     std::string(rows->text(i, 2)),
                     std::string(rows->text(i, 3)),
                     std::string(rows->text(i, 4)),
                     std::string(rows->text(i, 5)),
                     {rows->integer(i, 6)}});
  }
  return found;
}

Status mark_drift_published(pg::Connection& c, std::int16_t lane, std::span<const std::int64_t> seqs,
                            TimeUs at) {
  if (seqs.empty()) return ok_status();
  TextArray all;
  for (const std::int64_t seq : seqs) all.add(seq);
  auto done = c.query(
      "UPDATE plumbline.drift_events SET published_at = $2::timestamptz WHERE lane = $3::int2 AND "
      "published_at IS NULL AND seq = ANY ($1::int8[])",
      {all.text(), format_rfc3339(at), std::to_string(lane)});
  if (!done) return done.error();
  return ok_status();
}

Result<std::vector<std::int16_t>> waiting_drift_lanes(pg::Connection& c) {
  auto rows =
      c.query("SELECT DISTINCT lane FROM plumbline.drift_events WHERE published_at IS NULL ORDER BY lane");
  if (!rows) return rows.error();
  std::vector<std::int16_t> lanes;
  for (int i = 0; i < rows->size(); ++i) lanes.push_back(static_cast<std::int16_t>(rows->integer(i, 0)));
  return lanes;
}

}  // namespace plumbline::postgres
