// What became of every row of a batch, as counts and dead letters. Only what is fresh counts and is sent: a
// replay did both before.
#include <algorithm>

#include "consumers/persist/meters.h"
#include "consumers/persist/persist.h"
#include "core/frame.h"

namespace plumbline::persist {
namespace {

constexpr std::size_t kDetailBytesMax = 500;

const Verdict& conflict() {
  static const Verdict verdict{"conflict", "the same tenant, id and time are stored with another content"};
  return verdict;
}

void count(postgres::LedgerCounts& counts, StoreOutcome outcome) {
  switch (outcome) {
    case StoreOutcome::kStored:
      ++counts.stored;
      break;
    case StoreOutcome::kDuplicate:
      ++counts.duplicate;
      break;
    case StoreOutcome::kConflict:
      ++counts.conflict;
      break;
    case StoreOutcome::kDead:
      ++counts.dead;
      break;
  }
}

}  // namespace

void Persist::add_letter(const Frame& frame, std::int32_t index, const Verdict& why, std::string_view body) {
  postgres::DeadLetter letter;
  letter.consumer = kConsumer;
  letter.topic = frame.record->topic;
  letter.partition = frame.record->partition;
  letter.offset = frame.record->offset;
  letter.index = index;
  letter.reason = why.reason;
  letter.detail = loop::plain(why.detail.substr(0, kDetailBytesMax));
  if (frame.known) {
    letter.tenant = frame.tenant;
    letter.received_at = frame.received_at;
  }
  letter.agent = loop::plain(frame.known ? frame.agent : frame.record->header(frame::kAgent));
  letter.key_id = loop::plain(frame.known ? frame.key_id : frame.record->header(frame::kKeyId));
  letter.body = loop::body_text(body);
  // A broken record of dead.v1 is not answered with another one.
  const bool publish = frame.record->topic != frame::kDeadTopic;
  (publish ? letters_ : row_letters_).push_back(std::move(letter));
}

void Persist::count_traces() {
  for (std::size_t i = 0; i < effects_.trace_places.size(); ++i) {
    const TracePlace& place = effects_.trace_places[i];
    const Frame& frame = effects_.frames[place.frame];
    if (!frame.fresh) continue;
    count(effects_.accounts[frame.account].second, trace_outcomes_[i]);
    if (trace_outcomes_[i] != StoreOutcome::kConflict && !place.dead) continue;
    const auto& item = effects_.traces.items()[i];
    add_letter(frame, item.address.index, place.dead ? *place.dead : conflict(), item.payload);
  }
}

void Persist::count_reports() {
  for (std::size_t i = 0; i < effects_.reports.size(); ++i) {
    const auto& report = effects_.reports[i];
    const Frame& frame = effects_.frames[report.frame];
    if (!frame.fresh) continue;
    count(effects_.accounts[frame.account].second, report_outcomes_[i]);
    if (report_outcomes_[i] != StoreOutcome::kConflict && !report.dead) continue;
    add_letter(frame, report.row.address.index, report.dead ? *report.dead : conflict(), report.row.payload);
  }
}

void Persist::tally() {
  letters_.clear();
  row_letters_.clear();
  ledger_.clear();
  for (auto& [key, counts] : effects_.accounts) counts = {};  // an earlier attempt may have counted
  count_traces();
  count_reports();
  for (const Refused& refused : effects_.refused) {
    const Frame& frame = effects_.frames[refused.frame];
    if (!frame.fresh) continue;
    if (frame.known) ++effects_.accounts[frame.account].second.dead;
    add_letter(frame, refused.index, refused.why, refused.line);
  }
  for (const auto& [key, counts] : effects_.accounts) {
    if (counts.appended() == 0) continue;
    postgres::LedgerCounts& sum = ledger_[key];
    sum.stored += counts.stored;
    sum.duplicate += counts.duplicate;
    sum.conflict += counts.conflict;
    sum.dead += counts.dead;
  }
}

}  // namespace plumbline::persist
