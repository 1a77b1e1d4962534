#include "producers/edge/intake.h"

#include "core/codec/report_summary.h"
#include "core/limits.h"
#include "core/outcome.h"
#include "producers/edge/response.h"

namespace plumbline::edge {
namespace {

constexpr std::int64_t kDayUs = std::int64_t{86400} * 1'000'000;
// A list longer than this is cut: who sends 10,000 broken traces is told about the first thousand, and how
// many there were.
constexpr std::size_t kRejectionBytesMax = std::size_t{256} << 10;

RejectReason reason_of(std::string_view code) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(RejectReason::kCount_); ++i) {
    if (to_word(static_cast<RejectReason>(i)) == code) return static_cast<RejectReason>(i);
  }
  return RejectReason::kInvalidJson;
}

}  // namespace

void Intake::reject(std::size_t index, std::string_view id, RejectReason reason, std::string_view detail) {
  ++rejected_[static_cast<std::size_t>(reason)];
  if (rejections_.size() < kRejectionBytesMax)
    append_rejection(rejections_, index, id, to_word(reason), detail);
}

void Intake::accept(std::string_view line, const codec::DecodedTrace& trace, Arena& arena) {
  // The decoder's views end with its next line; lines of one agent and repo follow each other, so most copies
  // are spared.
  const bool again = !accepted_.empty() && accepted_.back().agent == trace.agent;
  const std::string_view agent = again ? accepted_.back().agent : arena.copy(trace.agent);
  std::string_view stream = agent;
  if (trace.kind == codec::Kind::kReport && !trace.repo.empty()) {
    const bool same = !accepted_.empty() && accepted_.back().stream == trace.repo;
    stream = same ? accepted_.back().stream : arena.copy(trace.repo);
  }
  std::string_view summary;
  if (trace.kind == codec::Kind::kReport) {
    summary_.clear();
    if (codec::append_report_summary(trace, summary_)) summary = arena.copy(summary_);
  }
  accepted_.push_back({line, stream, agent, summary});
  count_share(agent);
}

void Intake::count_share(std::string_view agent) {
  // The same view as the line's before: nothing to compare.
  const bool again = !shares_.empty() && shares_.back().agent.data() == agent.data();
  if (!again && (shares_.empty() || shares_.back().agent != agent)) {
    if (!shares_.empty() && share_index_.empty()) share_index_.emplace(shares_.front().agent, 0);
    const auto at = static_cast<std::uint32_t>(shares_.size());
    const auto known = shares_.empty() ? share_index_.end() : share_index_.emplace(agent, at).first;
    if (known != share_index_.end() && known->second != at) {
      ++shares_[known->second].traces;
      return;
    }
    shares_.push_back({agent, 0});
  }
  ++shares_.back().traces;
}

void Intake::judge(std::size_t index, std::string_view line, codec::Endpoint endpoint, TimeUs now,
                   TimeUs oldest, Arena& arena) {
  const auto decoded = decoder_.decode(line, endpoint);
  if (!decoded) return reject(index, {}, reason_of(decoded.error().code), decoded.error().message);
  const codec::DecodedTrace& trace = **decoded;
  const std::int64_t ahead_us = std::chrono::microseconds(limits::kEventAheadMax).count();
  if (trace.time.value > now.value + ahead_us) {
    return reject(index, trace.id.to_string(), RejectReason::kTimeAhead,
                  "/time is more than 300 s ahead of the edge's clock");
  }
  if (trace.time < oldest) {
    return reject(index, trace.id.to_string(), RejectReason::kTimeBeforeRetention,
                  "/time is older than the tenant's retention");
  }
  accept(line, trace, arena);
}

Result<Intaken> Intake::read(PaddedBuffer& body, codec::MediaType type, codec::Endpoint endpoint, TimeUs now,
                             int retention_days, Arena& arena) {
  accepted_.clear();
  shares_.clear();
  share_index_.clear();
  rejected_ = {};
  rejections_.clear();
  const auto lines = splitter_.split(body.data(), body.size(), type);
  if (!lines) return lines.error();
  const TimeUs oldest{now.value - retention_days * kDayUs};
  for (std::size_t i = 0; i < lines->size(); ++i) judge(i, (*lines)[i], endpoint, now, oldest, arena);
  return Intaken{lines->size(), accepted_, shares_, rejected_, rejections_};
}

}  // namespace plumbline::edge
