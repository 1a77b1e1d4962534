// Values of drift's tables as elements of array parameters.
#pragma once
#include <optional>
#include <string>

#include "core/time.h"
#include "core/uuid.h"
#include "sinks/postgres/drift_store.h"
#include "sinks/postgres/trace_store_arrays.h"

namespace plumbline::postgres {

inline void add_id(TextArray& to, const std::optional<Uuid>& id) {
  if (id) {
    to.add(id->to_string());
  } else {
    to.add_null();
  }
}

inline void add_key(TextArray& times, TextArray& ids, const std::optional<DriftReportKey>& key) {
  if (key) {
    times.add(format_rfc3339(key->time));
    ids.add(key->id.to_string());
  } else {
    times.add_null();
    ids.add_null();
  }
}

}  // namespace plumbline::postgres
