#include "producers/push/leaving.h"

namespace plumbline::push {

// A line says its kind itself; its endpoint follows from it.
Status Leaving::judge(const std::string& line, bool& report) {
  report = false;
  const auto trace = decoder_.decode(line, codec::Endpoint::kTraces);
  if (trace) return ok_status();
  const Error first = trace.error();
  if (first.code != "wrong_endpoint" && first.code != "too_large") return first;
  report = true;
  const auto as_report = decoder_.decode(line, codec::Endpoint::kReports);
  if (as_report) return ok_status();
  return as_report.error().code == "wrong_endpoint" ? first : as_report.error();
}

Status Leaving::apply(std::string& line, bool& report) {
  if (Status judged = judge(line, report); !judged) return judged;
  std::string redacted = redactor_.apply(line);
  if (redacted == line) return ok_status();
  line = std::move(redacted);
  // A rule may drop what the schema asks for: better said here than by the edge.
  if (Status judged = judge(line, report); !judged)
    return poison(judged.error().code, "after redaction: " + judged.error().message);
  return ok_status();
}

}  // namespace plumbline::push
