// Positions of consumers in the log, fenced by an epoch: whoever claimed a partition last can commit, nobody
// else. The row is written in the transaction of the rows it stands for. Stateless functions; one connection,
// one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/log/log.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct Position {
  log::TopicPartition at;
  std::string incarnation;          // the topic's life that the offsets belong to
  std::int64_t next_offset = 0;     // next to read
  std::int64_t counted_offset = 0;  // below it everything is in the ledger already
  std::int64_t epoch = 0;
  bool stopped = false;  // an operator must resume it
};

// Takes the partition: from now on only this epoch commits. A partition never seen before starts at `low`,
// the oldest offset of the log.
Result<Position> claim_position(pg::Connection& connection, std::string_view consumer,
                                const log::TopicPartition& at, std::string_view incarnation,
                                std::int64_t low);

// One partition's step within a batch.
struct Advance {
  log::TopicPartition at;
  std::int64_t epoch = 0;
  std::int64_t from = 0;  // the stored next_offset it must find
  std::int64_t to = 0;
  TimeUs received_at;  // of the newest record
};

// In the batch's open transaction. False: another member took a partition, or the row was moved; commit
// nothing.
Result<bool> advance_positions(pg::Connection& connection, std::string_view consumer,
                               std::span<const Advance> steps);

// After a COMMIT whose outcome is unknown: whether the steps are stored. Waits for a transaction that is
// still at it. kStored, kNotStored (the old position still stands and is ours) or kFenced.
enum class StepState { kStored, kNotStored, kFenced };
Result<StepState> step_state(pg::Connection& connection, std::string_view consumer, const Advance& step);

// Records that what the position points at is not in the log any more and stops the partition, in one
// transaction of its own. Once for each incarnation and offset.
Status stop_position(pg::Connection& connection, std::string_view consumer, const Position& position,
                     std::string_view reason, std::string_view detail);

}  // namespace plumbline::postgres
