#include "consumers/persist/fold.h"

#include <algorithm>
#include <chrono>

#include "core/frame.h"
#include "core/limits.h"

namespace plumbline::persist {
namespace {

constexpr std::int16_t kTraces = 1, kReports = 2, kDead = 3, kOutcomes = 4;
constexpr std::int64_t kMinuteUs = 60 * 1000000LL;
constexpr std::int64_t kAheadUs = std::chrono::microseconds(limits::kEventAheadMax).count();
constexpr std::int64_t kBehindUs = limits::kRetentionDaysMax * 86400LL * 1000000;

TimeUs minute_of(TimeUs time) {
  return {time.value - ((time.value % kMinuteUs) + kMinuteUs) % kMinuteUs};
}

class Folding {
 public:
  Folding(const State& state, LineDecoder& decoder, Effects& out)
      : state_(state), decoder_(decoder), out_(out) {}

  void record(const loop::Input& input) {
    const log::ReadRecord& record = *input.record;
    Frame frame;
    frame.record = &record;
    frame.fresh = input.fresh;
    topic_ = topic_number(record.topic);
    if (topic_ == kOutcomes) return outcome(frame);
    if (topic_ == kDead) return dead(frame);
    auto meta = metas_.parse(record);
    if (!meta) return refuse_whole(frame, meta.error());
    if (gone(meta->tenant)) return;
    frame.tenant = meta->tenant;
    frame.received_at = meta->received_at;
    frame.key_id = meta->key_id;
    frame.agent = meta->agent;
    frame.known = true;
    if (const auto floor = state_.floors.find(meta->tenant); floor != state_.floors.end())
      frame.floor = floor->second;
    frame.account =
        account({meta->tenant, minute_of(meta->received_at), meta->run, topic_, record.partition});
    out_.frames.push_back(frame);
    if (frame.fresh) {
      number(record, *meta);
      if (!frame.key_id.empty()) {
        TimeUs& last = out_.keys[{frame.tenant, std::string(frame.key_id)}];
        last = std::max(last, frame.received_at);
      }
    }
    lines(out_.frames.back());
  }

 private:
  bool gone(const TenantId& tenant) {
    const bool erased = state_.erased.contains(tenant);
    out_.erased += erased ? 1 : 0;
    return erased;
  }

  void refuse_whole(const Frame& frame, const Error& error) {
    out_.frames.push_back(frame);
    refuse(-1, error.code, error.message, frame.record->value);
  }

  void refuse(std::int32_t index, const std::string& reason, const std::string& detail,
              std::string_view line) {
    out_.refused.push_back({out_.frames.size() - 1, index, {reason, detail}, line});
  }

  std::size_t account(const postgres::LedgerKey& key) {
    for (std::size_t i = out_.accounts.size(); i-- > 0;) {  // the last ones are the likely ones
      if (out_.accounts[i].first == key) return i;
      if (out_.accounts.size() - i > 64)
        break;  // an account may then be there twice: they are added up on the way out
    }
    out_.accounts.push_back({key, {}});
    return out_.accounts.size() - 1;
  }

  // Frames of a run are numbered densely. A number below the expected one is a copy: nothing is missing by
  // it.
  void number(const log::ReadRecord& record, const frame::Meta& meta) {
    const postgres::SequenceKey key{topic_, record.partition, meta.run};
    const auto seq = static_cast<std::int64_t>(std::min<std::uint64_t>(meta.seq, INT64_MAX - 1));
    auto moved = out_.sequences.find(key);
    if (moved == out_.sequences.end()) {
      const auto known = state_.sequences.find(key);
      const postgres::Sequence before =
          known == state_.sequences.end() ? postgres::Sequence{} : known->second;
      moved = out_.sequences.emplace(key, before).first;
    }
    postgres::Sequence& sequence = moved->second;
    if (seq > sequence.next_seq) {
      out_.holes.push_back(
          {key, sequence.next_seq, seq - sequence.next_seq, record.offset, meta.received_at});
    }
    sequence.next_seq = std::max(sequence.next_seq, seq + 1);
    sequence.seen_at = std::max(sequence.seen_at, meta.received_at);
  }

  void lines(const Frame& frame) {
    std::string_view rest = frame.record->value;
    std::int32_t index = 0;
    do {
      const std::size_t end = rest.find('\n');
      line(frame, index++, rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    } while (!rest.empty());
  }

  void line(const Frame& frame, std::int32_t index, std::string_view text) {
    const postgres::Address address{topic_, frame.record->partition, frame.record->offset, index};
    if (topic_ == kReports) {
      Placed<postgres::ReportRow> placed;
      if (Status read = decoder_.report(text, placed.row, out_.texts); !read) {
        return refuse(index, read.error().code, read.error().message, text);
      }
      if (!place(frame, address, text, placed.row)) return;
      placed.frame = out_.frames.size() - 1;
      out_.reports.push_back(std::move(placed));
    } else {
      row_ = postgres::TraceRow{};
      if (Status read = decoder_.trace(text, row_); !read) {
        return refuse(index, read.error().code, read.error().message, text);
      }
      if (!place(frame, address, text, row_)) return;
      out_.traces.add(row_);
      out_.trace_places.push_back({out_.frames.size() - 1});
    }
  }

  // What the frame knows of the row; false when its time is out of bounds. A replay passes over what was
  // removed since it was counted.
  template <class Row>
  bool place(const Frame& frame, const postgres::Address& address, std::string_view text, Row& row) {
    row.key.tenant = frame.tenant;
    row.received_at = frame.received_at;
    row.address = address;
    row.payload = text;
    const std::int64_t ahead = row.key.time.value - frame.received_at.value;
    if (ahead > kAheadUs) {
      refuse(address.index, "time_ahead", "time is more than 300 s ahead of receipt", text);
      return false;
    }
    if (ahead < -kBehindUs) {
      refuse(address.index, "time_before_retention", "time is older than any retention", text);
      return false;
    }
    if (row.key.time < frame.floor) {
      const Verdict why = below_floor();
      if (frame.fresh) refuse(address.index, why.reason, why.detail, text);
      return false;
    }
    return true;
  }

  void outcome(const Frame& frame) {
    auto counts = decoder_.outcome(frame.record->value);
    if (!counts) return refuse_whole(frame, counts.error());
    if (gone(counts->first.tenant)) return;
    out_.edge[counts->first].merge(counts->second);
  }

  void dead(const Frame& frame) {
    auto letter = decoder_.dead_letter(frame.record->value);
    if (!letter) return refuse_whole(frame, letter.error());
    if (letter->tenant && gone(*letter->tenant)) return;
    // Our own are rows already, written in the transaction that counted them.
    if (letter->consumer != kConsumer) out_.others_dead.push_back(std::move(*letter));
  }

  const State& state_;
  LineDecoder& decoder_;
  frame::MetaParser metas_;
  Effects& out_;
  postgres::TraceRow row_;
  std::int16_t topic_ = 0;
};

}  // namespace

Verdict below_floor() {
  return {"time_before_retention", "what its tenant had of that day was removed by age"};
}

std::int16_t topic_number(std::string_view topic) {
  if (topic == frame::kTracesTopic) return kTraces;
  if (topic == frame::kReportsTopic) return kReports;
  if (topic == frame::kDeadTopic) return kDead;
  if (topic == frame::kOutcomesTopic) return kOutcomes;
  return 0;
}

std::size_t fold(const State& state, std::span<const loop::Input> inputs, std::size_t rows_max,
                 LineDecoder& decoder, Effects& effects) {
  effects.clear();
  Folding folding(state, decoder, effects);
  std::size_t taken = 0;
  for (const loop::Input& input : inputs) {
    const std::size_t rows = effects.traces.items().size() + effects.reports.size() + effects.refused.size() +
                             effects.others_dead.size() + effects.edge.size();
    if (taken > 0 && rows >= rows_max) break;
    folding.record(input);
    ++taken;
  }
  return taken;
}

}  // namespace plumbline::persist
