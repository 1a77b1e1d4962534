// The last look at an event before it leaves the machine or is spooled: judged as the edge will judge it,
// redacted, and judged again. One for each thread.
#pragma once
#include <string>

#include "core/codec/decoder.h"
#include "core/redact/redactor.h"
#include "core/result.h"

namespace plumbline::push {

class Leaving {
 public:
  // `policy` outlives it.
  explicit Leaving(const redact::Policy& policy) : redactor_(policy) {}

  // `line` is one event and becomes what may leave of it; `report` says whether it goes to /api/v1/reports.
  // Poison with a word of core/outcome.h: the edge would refuse it; the message has the place, what is wrong
  // and the bound, never a value.
  [[nodiscard]] Status apply(std::string& line, bool& report);

 private:
  Status judge(const std::string& line, bool& report);

  redact::Redactor redactor_;
  codec::Decoder decoder_;
};

}  // namespace plumbline::push
