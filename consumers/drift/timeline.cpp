#include "consumers/drift/timeline.h"

#include <algorithm>
#include <utility>

namespace plumbline::drift {
namespace {

Announced names_of(const Drift& drift) {
  return {drift.id, drift.incident};
}

}  // namespace

Timeline::Timeline(Stream stream, std::chrono::microseconds flap_window, Begin begin,
                   std::optional<Announced> announced)
    : stream_(std::move(stream)), flap_window_(flap_window), begin_(std::move(begin)), announced_(announced) {
  tail_ = begin_.state;
  std::vector<Transition> ignored;
  for (const Entry& entry : begin_.entries) advance(tail_, stream_, flap_window_, entry.report, ignored);
}

std::optional<ReportKey> Timeline::tail() const {
  if (!begin_.entries.empty()) return begin_.entries.back().report.key;
  return begin_.after;
}

bool Timeline::take(Report report, const Receipt& receipt) {
  auto& entries = begin_.entries;
  const auto at =
      std::lower_bound(entries.begin(), entries.end(), report.key,
                       [](const Entry& entry, const auto& key) { return entry.report.key < key; });
  if (at != entries.end() && at->report.key == report.key) return false;
  const bool last = at == entries.end();
  const auto place = static_cast<std::size_t>(at - entries.begin());
  entries.insert(at, Entry{std::move(report), std::nullopt, false, true});
  if (last) {
    append(receipt);
  } else {
    rewrite(place);
  }
  return true;
}

void Timeline::append(const Receipt& receipt) {
  Entry& entry = begin_.entries.back();
  std::vector<Transition> made;
  if (advance(tail_, stream_, flap_window_, entry.report, made)) entry.kept = tail_;
  for (Transition& transition : made) tell_in_order(std::move(transition), receipt);
}

void Timeline::tell_in_order(Transition made, const Receipt& receipt) {
  const ReportKey at = made.report.key;
  Event event;
  event.id = event_id(stream_, to_word(made.type), at);
  event.notify = receipt.fresh && receipt.timely;
  if (made.drift) event.told = announced_ ? *announced_ : names_of(*made.drift);
  if (made.type == Type::kResolved) {
    // Who was told that it is open is told that it is over, however old that is.
    event.notify = announced_.has_value();
    announced_.reset();
  } else if (made.drift && event.notify) {
    announced_ = event.told;
  }
  event.what = std::move(made);
  add(std::move(event), at);
}

void Timeline::add(Event event, const ReportKey& at) {
  withdrawn_.erase(event.id);
  if (!event.correction) begin_.events[event.id] = at;
  found_.push_back(std::move(event));
}

void Timeline::rewrite(std::size_t at) {
  rewritten_ = true;
  auto& entries = begin_.entries;
  std::size_t from = at;
  while (from > 0 && !entries[from - 1].kept) --from;
  State state = from == 0 ? begin_.state : *entries[from - 1].kept;
  std::vector<Transition> made;
  for (std::size_t i = from; i < entries.size(); ++i) {
    std::optional<State> kept;
    if (advance(state, stream_, flap_window_, entries[i].report, made)) kept = state;
    if (kept == entries[i].kept) continue;
    entries[i].kept = std::move(kept);
    entries[i].changed = true;
  }
  const std::optional<Drift> open_before = std::exchange(tail_, std::move(state)).drift;

  const Report cause = entries[at].report;
  std::set<Uuid> gone;
  for (const auto& [id, when] : begin_.events) {
    if (when >= cause.key) gone.insert(id);
  }
  bool ended = false;  // the announced drift's own end is among what is new
  for (Transition& transition : made) {
    if (transition.report.key < cause.key) continue;
    const Uuid id = event_id(stream_, to_word(transition.type), transition.report.key);
    if (gone.erase(id) > 0) continue;
    Event event;
    event.id = id;
    event.late = true;
    if (transition.drift) event.told = names_of(*transition.drift);
    if (transition.type == Type::kResolved && announced_ && !tail_.drift &&
        transition.drift->id == announced_->drift) {
      event.notify = ended = true;
    }
    const ReportKey when = transition.report.key;
    event.what = std::move(transition);
    add(std::move(event), when);
  }
  for (const Uuid& id : gone) {
    begin_.events.erase(id);
    withdrawn_.insert(id);
  }
  if (!announced_ || tail_.drift) return;
  if (!ended) correct(cause, *announced_, open_before);
  announced_.reset();
}

// An open message of a drift that turned out not to be open any more.
void Timeline::correct(const Report& cause, const Announced& told, const std::optional<Drift>& then) {
  Event event;
  event.id = event_id(stream_, "correction\n" + told.drift.to_string(), cause.key);
  event.what.type = Type::kResolved;
  event.what.report = {cause.key, cause.commit, cause.version};
  event.what.severity = then ? then->severity : "medium";
  if (then) event.what.previous = then->opened;
  event.told = told;
  event.notify = event.late = event.correction = true;
  add(std::move(event), cause.key);
}

std::map<Uuid, Drift> Timeline::drifts() const {
  std::map<Uuid, Drift> found;
  State state = begin_.state;
  if (state.drift) found[state.drift->id] = *state.drift;
  std::vector<Transition> made;
  for (const Entry& entry : begin_.entries) {
    made.clear();
    advance(state, stream_, flap_window_, entry.report, made);
    for (const Transition& transition : made) {
      if (transition.drift) found[transition.drift->id] = *transition.drift;
    }
  }
  return found;
}

}  // namespace plumbline::drift
