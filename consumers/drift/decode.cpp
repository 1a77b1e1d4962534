#include "consumers/drift/decode.h"

#include <algorithm>

#include "core/codec/form_decoder.h"

namespace plumbline::drift {
namespace {

// At most so many bytes, whole characters only.
std::string cut(std::string_view text) {
  std::size_t size = std::min(text.size(), kTextBytesMax);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

Violation violation_of(const codec::Failure& failure) {
  Violation made{cut(failure.id),
                 cut(failure.title),
                 failure.severity.empty() ? std::string("medium") : std::string(failure.severity),
                 {}};
  made.files.reserve(std::min(failure.files.size(), kFilesMax));
  for (const std::string_view file : failure.files) {
    if (made.files.size() == kFilesMax) break;
    made.files.push_back(cut(file));
  }
  return made;
}

}  // namespace

struct ReportDecoder::Parts {
  codec::FormDecoder decoder;
};

ReportDecoder::ReportDecoder() : parts_(std::make_unique<Parts>()) {}
ReportDecoder::~ReportDecoder() = default;

Result<Seen> ReportDecoder::decode(std::string_view line, const Matchers& matchers) {
  auto read = parts_->decoder.decode(line, codec::Endpoint::kReports);
  if (!read) return read.error();
  const codec::DecodedTrace& trace = **read;
  Seen seen;
  seen.repo = trace.repo;
  seen.branch = trace.branch;
  Report& report = seen.report;
  report.key = {trace.time, trace.id};
  report.passed = trace.report.status == "PASS";
  seen.judged = report.passed || trace.report.status == "FAIL";
  if (!seen.judged) return seen;
  report.commit = trace.commit;
  report.version = trace.version;
  // A gate names many findings alike, one behind the other.
  const codec::Failure* last = nullptr;
  bool matched = false;
  for (const codec::Failure& failure : trace.report.failures) {
    if (last == nullptr || failure.id != last->id || failure.title != last->title ||
        failure.category != last->category) {
      matched = matchers.match(failure.id, failure.title, failure.category);
      last = &failure;
    }
    if (!matched) continue;
    ++report.layer_total;
    if (report.layer.size() < kViolationsMax) report.layer.push_back(violation_of(failure));
  }
  return seen;
}

}  // namespace plumbline::drift
