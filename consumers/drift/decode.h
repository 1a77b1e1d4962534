// Lines of reports.v1 into what drift needs of them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/drift/history.h"
#include "consumers/drift/matchers.h"
#include "core/result.h"

namespace plumbline::drift {

struct Seen {
  std::string_view repo, branch;  // until the next decode; repo empty: it belongs to no history
  bool judged = false;            // PASS or FAIL; else only `key` is set
  ReportKey key;
  bool passed = false;
  std::string_view commit, version;  // until the next begin()
  std::vector<Violation> layer;
  std::int32_t layer_total = 0;

  [[nodiscard]] Report report() const {
    return {key, passed, std::string(commit), std::string(version), layer, layer_total};
  }
};

// Holds a parser's memory; its results depend on its arguments only. Not thread-safe.
class ReportDecoder {
 public:
  ReportDecoder();
  ~ReportDecoder();
  // Of the next batch: what was seen before ends here.
  void begin();
  // Poison: persist makes the dead letter of it. `summary` is the edge's word on the line, if there is one:
  // where it tells all that there is to know, the line is not looked at.
  Result<Seen> decode(std::string_view line, std::string_view summary, const Matchers& matchers);

 private:
  bool decode_summary(std::string_view summary, const Matchers& matchers, Seen& seen);
  Result<Seen> decode_line(std::string_view line, const Matchers& matchers);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::drift
