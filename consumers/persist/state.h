// What persist knows from batch to batch: the numbering of frames and who was erased. Everything else is in
// PostgreSQL.
#pragma once
#include <map>
#include <set>

#include "core/ids.h"
#include "sinks/postgres/ledger.h"
#include "sinks/postgres/retention.h"

namespace plumbline::persist {

struct State {
  // Next number expected of each edge run in each owned partition.
  std::map<postgres::SequenceKey, postgres::Sequence> sequences;
  // Tenants of whom nothing may be written any more: their records leave the log by its retention.
  std::set<TenantId> erased;
  // What lies below was removed, or is about to be: stored again, it would count a second time.
  postgres::Floors floors;
};

}  // namespace plumbline::persist
