// The ledger's rows: what persist counted, what edges said, and the numbering of frames. All within the
// caller's open transaction.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::postgres {

struct LedgerKey {
  TenantId tenant;
  TimeUs minute;  // of receipt
  RunId run;
  std::int16_t topic = 0;
  std::int32_t partition = 0;
  auto operator<=>(const LedgerKey&) const = default;
};

struct LedgerCounts {
  std::int64_t stored = 0, duplicate = 0, conflict = 0, dead = 0;
  [[nodiscard]] std::int64_t appended() const { return stored + duplicate + conflict + dead; }
  auto operator<=>(const LedgerCounts&) const = default;
};

// Adds to what is there.
Status add_ledger(pg::Connection& connection, const std::map<LedgerKey, LedgerCounts>& counts);

struct EdgeKey {
  TenantId tenant;
  TimeUs minute;
  RunId run;
  auto operator<=>(const EdgeKey&) const = default;
};

// Cumulative, as an edge says it; merged by maximum, so order and repetition don't matter.
struct EdgeCounts {
  std::int64_t received = 0, accepted = 0;
  std::map<std::string, std::int64_t> rejected, refused;  // by reason
  void merge(const EdgeCounts& other);
  auto operator<=>(const EdgeCounts&) const = default;
};

Status merge_edge_outcomes(pg::Connection& connection, const std::map<EdgeKey, EdgeCounts>& outcomes);

struct SequenceKey {
  std::int16_t topic = 0;
  std::int32_t partition = 0;
  RunId run;
  auto operator<=>(const SequenceKey&) const = default;
};

struct Sequence {
  std::int64_t next_seq = 0;
  TimeUs seen_at;
  auto operator<=>(const Sequence&) const = default;
};

struct Hole {
  SequenceKey at;
  std::int64_t first_seq = 0;
  std::int64_t frames = 0;
  std::int64_t offset = 0;  // of the frame behind it
  TimeUs noticed_at;
  auto operator<=>(const Hole&) const = default;
};

Result<std::map<SequenceKey, Sequence>> load_sequences(pg::Connection& connection, std::int16_t topic,
                                                       std::int32_t partition);
Status save_sequences(pg::Connection& connection, const std::map<SequenceKey, Sequence>& sequences);
Status insert_holes(pg::Connection& connection, std::span<const Hole> holes);
// Runs that have not been seen since: edges of processes that are long gone.
Status drop_sequences_before(pg::Connection& connection, TimeUs time);

struct KeyUse {
  TenantId tenant;
  std::string key_id;
  auto operator<=>(const KeyUse&) const = default;
};

// When each key was last used; only ever moves forward.
Status touch_keys(pg::Connection& connection, const std::map<KeyUse, TimeUs>& used);

}  // namespace plumbline::postgres
