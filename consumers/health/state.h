// What health knows from batch to batch: which lines it counted, and who was erased.
#pragma once
#include <map>
#include <set>

#include "consumers/health/window.h"
#include "core/ids.h"
#include "sinks/postgres/health_windows.h"
#include "sinks/postgres/retention.h"

namespace plumbline::health {

struct State {
  std::map<postgres::WindowKey, Window> windows;  // of the partitions that were assigned
  std::set<TenantId> erased;
  postgres::Floors floors;  // persist takes nothing below them
};

}  // namespace plumbline::health
