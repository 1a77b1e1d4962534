// The outbox of drift.v1: rows of drift_events that are not published. One process works on a lane at a time,
// so the events of a key leave in the order in which they were found, whoever found them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct DriftOutboxRow {
  std::int16_t lane = 0;
  std::int64_t seq = 0;
  std::string id, tenant, key, type, body;
  TimeUs time, recorded_at;
};

// In an open transaction, until its end. Returns those that no other process has.
Result<std::vector<std::int16_t>> lock_drift_lanes(pg::Connection& connection,
                                                   std::span<const std::int16_t> lanes);
// The oldest unpublished events of each lane, in order; about kDriftOutboxMost in all.
inline constexpr std::size_t kDriftOutboxMost = 2048;
Result<std::vector<DriftOutboxRow>> drift_outbox(pg::Connection& connection,
                                                 std::span<const std::int16_t> lanes);
// Rows that drift_outbox returns of a lane at most: one with as many may have more.
[[nodiscard]] std::size_t drift_outbox_share(std::size_t lanes);
// What was recorded anew since it was read is not marked: nobody has published it.
Status mark_drift_published(pg::Connection& connection, std::span<const DriftOutboxRow* const> rows,
                            TimeUs at);
// Lanes that hold something.
Result<std::vector<std::int16_t>> waiting_drift_lanes(pg::Connection& connection);

}  // namespace plumbline::postgres
