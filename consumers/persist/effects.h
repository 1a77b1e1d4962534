// What a batch comes to: rows, dead letters and counts. Plain values; memory is kept for the next batch.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/arena.h"
#include "core/ids.h"
#include "core/log/log.h"
#include "core/result.h"
#include "core/time.h"
#include "sinks/postgres/dead_letters.h"
#include "sinks/postgres/ledger.h"
#include "sinks/postgres/report_store.h"
#include "sinks/postgres/trace_store.h"

namespace plumbline::persist {

// The frame a row came in. Views borrow from the polled batch.
struct Frame {
  const log::ReadRecord* record = nullptr;
  TenantId tenant;
  TimeUs received_at;
  TimeUs floor{INT64_MIN};  // what is older was removed
  std::string_view key_id;
  std::string_view agent;
  bool fresh = true;        // not counted yet
  bool known = false;       // its headers could be read: it has a tenant and an account
  std::size_t account = 0;  // of Effects::accounts
};

// Why a row can't be stored: set by the fold, or by PostgreSQL when it refuses the row.
struct Verdict {
  std::string reason;
  std::string detail;
};

template <class Row>
struct Placed {
  Row row;
  std::size_t frame = 0;
  std::optional<Verdict> dead = std::nullopt;
};

// A trace row is encoded in Effects::traces under the same index.
struct TracePlace {
  std::size_t frame = 0;
  std::optional<Verdict> dead = std::nullopt;
};

// A line (or a whole frame, index -1) that the fold could not make a row of.
struct Refused {
  std::size_t frame = 0;
  std::int32_t index = 0;
  Verdict why;
  std::string_view line;
};

struct Effects {
  std::vector<Frame> frames;
  std::vector<std::pair<postgres::LedgerKey, postgres::LedgerCounts>> accounts;
  postgres::TraceRows traces;
  std::vector<TracePlace> trace_places;
  std::vector<Placed<postgres::ReportRow>> reports;
  Arena texts;  // of reports and of poison
  std::vector<Refused> refused;
  std::vector<postgres::DeadLetter> others_dead;  // of dead.v1: rows only, published already
  std::map<postgres::EdgeKey, postgres::EdgeCounts> edge;
  std::map<postgres::SequenceKey, postgres::Sequence> sequences;  // those that moved
  std::vector<postgres::Hole> holes;
  std::map<postgres::KeyUse, TimeUs> keys;
  std::uint64_t erased = 0;  // records of erased tenants: passed over without a trace

  void clear() {
    frames.clear();
    accounts.clear();
    traces.clear();
    trace_places.clear();
    reports.clear();
    texts.reset();
    refused.clear();
    others_dead.clear();
    edge.clear();
    sequences.clear();
    holes.clear();
    keys.clear();
    erased = 0;
  }
};

}  // namespace plumbline::persist
