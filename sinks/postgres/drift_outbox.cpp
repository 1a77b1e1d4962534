#include "sinks/postgres/drift_outbox.h"

#include <algorithm>

#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {
namespace {

// "drif" as a number: the class of the lanes' advisory locks.
constexpr const char* kLockClass = "1685219686";
constexpr int kMarkTries = 3;

TextArray array_of(std::span<const std::int16_t> lanes) {
  TextArray all;
  for (const std::int16_t lane : lanes) all.add(lane);
  return all;
}

}  // namespace

Result<std::vector<std::int16_t>> lock_drift_lanes(pg::Connection& c, std::span<const std::int16_t> lanes) {
  auto rows =
      c.query("SELECT lane FROM unnest($2::int2[]) lane WHERE pg_try_advisory_xact_lock($1::int, lane::int)",
              {kLockClass, array_of(lanes).text()});
  if (!rows) return rows.error();
  std::vector<std::int16_t> locked;
  for (int i = 0; i < rows->size(); ++i) locked.push_back(static_cast<std::int16_t>(rows->integer(i, 0)));
  return locked;
}

std::size_t drift_outbox_share(std::size_t lanes) {
  return std::max<std::size_t>(kDriftOutboxMost / std::max<std::size_t>(lanes, 1), 1);
}

// Each lane by its own walk of the index: a backlog is neither sorted nor read past what is taken.
Result<std::vector<DriftOutboxRow>> drift_outbox(pg::Connection& c, std::span<const std::int16_t> lanes) {
  auto rows = c.query(
      "SELECT e.lane, e.seq, e.event_id, e.tenant_id, e.key, e.type, e.body, "
      "(extract(epoch FROM e.time) * 1000000)::bigint, (extract(epoch FROM e.recorded_at) * 1000000)::bigint "
      "FROM unnest($1::int2[]) l(lane) CROSS JOIN LATERAL "
      "(SELECT * FROM plumbline.drift_events WHERE lane = l.lane AND published_at IS NULL ORDER BY seq "
      "LIMIT $2::int) e ORDER BY e.lane, e.seq",
      {array_of(lanes).text(), std::to_string(drift_outbox_share(lanes.size()))});
  if (!rows) return rows.error();
  std::vector<DriftOutboxRow> found;
  found.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i) {
    found.push_back({static_cast<std::int16_t>(rows->integer(i, 0)),
                     rows->integer(i, 1),
                     std::string(rows->text(i, 2)),
                     std::string(rows->text(i, 3)),
                     std::string(rows->text(i, 4)),
                     std::string(rows->text(i, 5)),
                     std::string(rows->text(i, 6)),
                     {rows->integer(i, 7)},
                     {rows->integer(i, 8)}});
  }
  return found;
}

// Each is looked up by its lane and seq, whatever the planner believes: what is unpublished swings between
// nothing and a backlog, so statistics are always of another time, and with them a plain join compared every
// event of the batch with every one of the backlog. A row that a transaction under way changes is waited for
// and then passed over, as its place is another one: it is looked up again.
Status mark_drift_published(pg::Connection& c, std::span<const DriftOutboxRow* const> rows, TimeUs at) {
  if (rows.empty()) return ok_status();
  TextArray lanes, seqs, recorded;
  for (const DriftOutboxRow* row : rows) {
    lanes.add(row->lane);
    seqs.add(row->seq);
    recorded.add(format_rfc3339(row->recorded_at));
  }
  auto left = static_cast<std::int64_t>(rows.size());
  for (int tries = 0; left > 0 && tries < kMarkTries; ++tries) {
    auto done = c.query(
        "UPDATE plumbline.drift_events SET published_at = $4::timestamptz WHERE ctid = ANY (ARRAY(SELECT "
        "e.place FROM unnest($1::int2[], $2::int8[], $3::timestamptz[]) k(lane, seq, recorded_at) CROSS JOIN "
        "LATERAL (SELECT ctid AS place FROM plumbline.drift_events WHERE lane = k.lane AND seq = k.seq AND "
        "published_at IS NULL AND recorded_at = k.recorded_at LIMIT 1) e))",
        {lanes.text(), seqs.text(), recorded.text(), format_rfc3339(at)});
    if (!done) return done.error();
    left -= done->affected();
  }
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
