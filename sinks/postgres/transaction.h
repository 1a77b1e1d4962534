// One transaction around a function: committed when it succeeds, rolled back when it fails.
#pragma once
#include <utility>

#include "core/pg/connection.h"
#include "core/result.h"

namespace plumbline::postgres {

// `work` returns a Result or Status. A commit whose outcome is unknown gives "in_doubt".
template <class Work>
auto in_transaction(pg::Connection& connection, Work&& work) -> decltype(work()) {
  if (Status begun = connection.begin(); !begun) return begun.error();
  auto result = std::forward<Work>(work)();
  if (!result.ok()) {
    connection.rollback();
    return result;
  }
  if (Status done = connection.commit(); !done) return done.error();
  return result;
}

}  // namespace plumbline::postgres
