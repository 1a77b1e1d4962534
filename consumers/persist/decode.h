// Lines of the log into rows: the bridge between core/codec (what schemas/ say) and the columns of
// sinks/postgres.
#pragma once
#include <memory>
#include <string_view>
#include <utility>

#include "core/arena.h"
#include "core/result.h"
#include "core/time.h"
#include "sinks/postgres/dead_letters.h"
#include "sinks/postgres/ledger.h"
#include "sinks/postgres/report_store.h"
#include "sinks/postgres/trace_store.h"

namespace plumbline::persist {

// Holds a parser's memory; its results depend on its arguments only. Not thread-safe.
class LineDecoder {
 public:
  LineDecoder();
  ~LineDecoder();
  // Sets everything but tenant, receipt and address. Views live until the next call. Poison: the code is the
  // dead letter's reason, in the words of core/outcome.h.
  Status trace(std::string_view line, postgres::TraceRow& row);
  // As above; views live as long as `texts` and the line.
  Status report(std::string_view line, postgres::ReportRow& row, Arena& texts);
  // The value of an outcomes.v1 record.
  Result<std::pair<postgres::EdgeKey, postgres::EdgeCounts>> outcome(std::string_view value);
  // The value of a dead.v1 record.
  Result<postgres::DeadLetter> dead_letter(std::string_view value);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::persist
