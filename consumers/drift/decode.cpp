#include "consumers/drift/decode.h"

#include <algorithm>

#include "core/arena.h"
#include "core/codec/form_decoder.h"
#include "core/codec/report_summary.h"

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
  // Copies, also of what the records hold: they lie closer together, and are needed once more when the batch
  // is sorted by branch.
  Arena texts;
};

ReportDecoder::ReportDecoder() : parts_(std::make_unique<Parts>()) {}
ReportDecoder::~ReportDecoder() = default;

void ReportDecoder::begin() {
  parts_->texts.reset();
}

Result<Seen> ReportDecoder::decode(std::string_view line, std::string_view summary,
                                   const Matchers& matchers) {
  Seen seen;
  if (!summary.empty() && decode_summary(summary, matchers, seen)) return seen;
  return decode_line(line, matchers);
}

// False: the line knows more.
bool ReportDecoder::decode_summary(std::string_view summary, const Matchers& matchers, Seen& seen) {
  const auto read = codec::parse_report_summary(summary);
  if (!read) return false;
  seen.repo = read->repo;
  seen.branch = read->branch;
  seen.key = {read->time, read->id};
  seen.passed = read->status == "PASS";
  seen.judged = seen.passed || read->status == "FAIL";
  seen.commit = parts_->texts.copy(read->commit);
  seen.version = parts_->texts.copy(read->version);
  codec::SummaryRules rules(read->rules);
  for (codec::SummaryRules::One one; rules.next(one);) {
    if (matchers.match(one.id, one.title, one.category)) return !seen.judged;
  }
  return true;
}

Result<Seen> ReportDecoder::decode_line(std::string_view line, const Matchers& matchers) {
  auto read = parts_->decoder.decode(line, codec::Endpoint::kReports);
  if (!read) return read.error();
  const codec::DecodedTrace& trace = **read;
  Seen seen;
  seen.repo = trace.repo;
  seen.branch = trace.branch;
  seen.key = {trace.time, trace.id};
  seen.passed = trace.report.status == "PASS";
  seen.judged = seen.passed || trace.report.status == "FAIL";
  if (!seen.judged) return seen;
  seen.commit = parts_->texts.copy(trace.commit);
  seen.version = parts_->texts.copy(trace.version);
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
    ++seen.layer_total;
    if (seen.layer.size() < kViolationsMax) seen.layer.push_back(violation_of(failure));
  }
  return seen;
}

}  // namespace plumbline::drift
