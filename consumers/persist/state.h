// What persist remembers from batch to batch: the numbering of frames. Everything else is in PostgreSQL.
#pragma once
#include <map>

#include "sinks/postgres/ledger.h"

namespace plumbline::persist {

struct State {
  // Next number expected of each edge run in each owned partition.
  std::map<postgres::SequenceKey, postgres::Sequence> sequences;
};

}  // namespace plumbline::persist
