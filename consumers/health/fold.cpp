#include "consumers/health/fold.h"

#include <chrono>

#include "consumers/health/summing.h"
#include "core/frame.h"
#include "core/limits.h"

namespace plumbline::health {
namespace {

constexpr std::int16_t kTraces = 1, kReports = 2;
// Where every line touches rows of its own, more lines a transaction gain nothing and cost memory: about 0.6
// KiB a row.
constexpr std::size_t kRowsMax = std::size_t{1} << 15;
constexpr std::int64_t kAheadUs = std::chrono::microseconds(limits::kEventAheadMax).count();
constexpr std::int64_t kBehindUs = limits::kRetentionDaysMax * 86400LL * 1000000;

class Folding {
 public:
  Folding(State& state, codec::FormDecoder& decoder, Effects& out)
      : state_(state), decoder_(decoder), out_(out), summing_(out.sums) {}

  [[nodiscard]] std::size_t lines() const { return lines_; }

  void record(const loop::Input& input) {
    const log::ReadRecord& record = *input.record;
    ++lines_;
    if (!input.fresh) {
      ++out_.replayed;
      return;
    }
    const std::int16_t topic = topic_number(record.topic);
    const auto meta = metas_.parse(record);
    if (!meta || topic == 0) {
      ++out_.poison;
      return;
    }
    if (state_.erased.contains(meta->tenant)) {
      ++out_.erased;
      return;
    }
    if (window_ == nullptr || key_ != postgres::WindowKey{topic, record.partition}) {
      key_ = {topic, record.partition};
      window_ = &state_.windows[key_];
    }
    const auto floor = state_.floors.find(meta->tenant);
    floor_ = floor == state_.floors.end() ? TimeUs{INT64_MIN} : floor->second;
    std::string_view rest = record.value;
    postgres::Address at{topic, record.partition, record.offset, 0};
    do {
      const std::size_t end = rest.find('\n');
      line(*meta, at, rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      ++at.index;
      ++lines_;
    } while (!rest.empty());
  }

 private:
  void line(const frame::Meta& meta, const postgres::Address& at, std::string_view text) {
    const auto read =
        decoder_.decode(text, at.topic == kReports ? codec::Endpoint::kReports : codec::Endpoint::kTraces);
    if (!read || (*read)->time < floor_ || out_of_bounds((*read)->time, meta.received_at)) {
      ++out_.poison;
      return;
    }
    const codec::DecodedTrace& event = **read;
    const Fingerprint print = fingerprint(meta.tenant, event.time, event.id);
    window_->prefetch(print);
    summing_.expect(meta.tenant, event);
    switch (window_->take(print, event.time)) {
      case Window::Judgement::kRepeated:
        ++out_.repeated;
        return;
      case Window::Judgement::kUnknown:
        out_.pending.push_back({at, {event.time, meta.tenant, event.id}, text});
        return;
      case Window::Judgement::kNew:
        break;
    }
    if (window_->fresh().prints.size() == 1) out_.windows.insert(key_);
    ++out_.counted;
    summing_.add(meta.tenant, event);
  }

  static bool out_of_bounds(TimeUs time, TimeUs received_at) {
    const std::int64_t ahead = time.value - received_at.value;
    return ahead > kAheadUs || ahead < -kBehindUs;
  }

  State& state_;
  codec::FormDecoder& decoder_;
  frame::MetaParser metas_;
  Effects& out_;
  Summing summing_;
  postgres::WindowKey key_;
  Window* window_ = nullptr;
  TimeUs floor_;  // of the record's tenant
  std::size_t lines_ = 0;
};

}  // namespace

std::int16_t topic_number(std::string_view topic) {
  if (topic == frame::kTracesTopic) return kTraces;
  if (topic == frame::kReportsTopic) return kReports;
  return 0;
}

std::size_t fold(State& state, std::span<const loop::Input> inputs, std::size_t lines_max,
                 codec::FormDecoder& decoder, Effects& effects) {
  for (auto& [key, window] : state.windows) window.forget();
  effects.clear();
  Folding folding(state, decoder, effects);
  std::size_t taken = 0;
  for (const loop::Input& input : inputs) {
    if (taken > 0 && (folding.lines() >= lines_max || effects.sums.rows() >= kRowsMax)) break;
    folding.record(input);
    ++taken;
  }
  return taken;
}

}  // namespace plumbline::health
