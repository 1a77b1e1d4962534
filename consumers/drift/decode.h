// Lines of reports.v1 into what drift needs of them.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "consumers/drift/history.h"
#include "consumers/drift/matchers.h"
#include "core/result.h"

namespace plumbline::drift {

struct Seen {
  std::string_view repo, branch;  // until the next decode; repo empty: it belongs to no history
  bool judged = false;            // PASS or FAIL; else only `report.key` is set
  Report report;
};

// Holds a parser's memory; its results depend on its arguments only. Not thread-safe.
class ReportDecoder {
 public:
  ReportDecoder();
  ~ReportDecoder();
  // Poison: persist makes the dead letter of it.
  Result<Seen> decode(std::string_view line, const Matchers& matchers);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::drift
