// What drift must know of a report, as the edge found it when it judged the line, in the record's header
// `summary`: who reads many reports for their results alone need not take each apart again. One line for each
// line of the frame, in its order; fields end with a tab, but for the last:
//
//   1  id  time  status  repo  branch  commit  version  (id  title  category)*
//
// 1 is the version of this layout; time is in microseconds since 1970 (UTC); absent texts are empty; the
// triples are the different rules of `failures`. A frame of which one line has no summary has no header:
// they are for speed only. Values only; nothing here is shared.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/decoder.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::codec {

// Reports with more different rules, longer texts or control characters in them have none.
inline constexpr std::size_t kSummaryRulesMax = 32;
inline constexpr std::size_t kSummaryBytesMax = 4096;

// Views borrow from the text that was parsed.
struct ReportSummary {
  Uuid id;
  TimeUs time;
  std::string_view status, repo, branch, commit, version;
  std::string_view rules;  // what is left of the line: for SummaryRules
};

// Walks the rules of a summary that parsed.
class SummaryRules {
 public:
  struct One {
    std::string_view id, title, category;
  };
  explicit SummaryRules(std::string_view rules) : rest_(rules) {}
  // False: there are no more.
  bool next(One& one);

 private:
  std::string_view rest_;
};

// Appends the summary of a report. False, and `out` as it was: it can't have one.
bool append_report_summary(const DecodedTrace& report, std::string& out);
// nullopt: of another version, or not such a line.
[[nodiscard]] std::optional<ReportSummary> parse_report_summary(std::string_view line);

}  // namespace plumbline::codec
