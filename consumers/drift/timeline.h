// One stream's reports as they come: in order, late, twice. What the history says of the set of reports is
// compared with what was found before; the difference becomes events. A report behind all others is folded
// onto the last state; a late one makes what lies behind it be folded again. Values only; no IO, no clock.
//
// What people are told is kept apart from what is true: `announced` is the drift that they were told of as
// open. A late report never raises an alarm; it may only take one back.
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "consumers/drift/history.h"

namespace plumbline::drift {

struct Announced {
  Uuid drift, incident;
  bool operator==(const Announced&) const = default;
};

// How a report came.
struct Receipt {
  bool fresh = true;   // not a replay
  bool timely = true;  // not older at receipt than is told about
};

// Something to record. `told` is the drift under the id that people know it by.
struct Event {
  Uuid id;
  Transition what;
  std::optional<Announced> told;
  bool notify = false;
  bool late = false;
  bool correction = false;
};

struct Entry {
  Report report;
  std::optional<State> kept;  // state after it, where it is kept
  bool stored = false;
  bool changed = false;  // `kept` is not as stored
};

// What a timeline starts from. For reports in order: state and key of the newest report and nothing else. For
// late ones: a kept state before them, all entries after it, and the events that they gave.
struct Begin {
  std::optional<ReportKey> after;  // of `state`; nullopt: the very beginning
  State state;
  std::vector<Entry> entries;
  std::map<Uuid, ReportKey> events;
};

class Timeline {
 public:
  Timeline(Stream stream, std::chrono::microseconds flap_window, Begin begin,
           std::optional<Announced> announced);

  // Room for so many more reports.
  void reserve(std::size_t reports) { begin_.entries.reserve(begin_.entries.size() + reports); }
  // Precondition: covers(report.key). False: it is there already.
  bool take(Report report, const Receipt& receipt);
  [[nodiscard]] bool covers(const ReportKey& key) const { return !begin_.after || key > *begin_.after; }

  [[nodiscard]] const Stream& stream() const { return stream_; }
  [[nodiscard]] const State& state() const { return tail_; }
  [[nodiscard]] std::optional<ReportKey> tail() const;
  [[nodiscard]] const std::optional<ReportKey>& after() const { return begin_.after; }
  [[nodiscard]] const std::optional<Announced>& announced() const { return announced_; }
  [[nodiscard]] const std::vector<Entry>& entries() const { return begin_.entries; }
  // The last that is asked of it.
  [[nodiscard]] std::vector<Entry> take_entries() { return std::exchange(begin_.entries, {}); }
  // Found since the beginning, in order.
  [[nodiscard]] const std::vector<Event>& events() const { return found_; }
  [[nodiscard]] const std::set<Uuid>& withdrawn() const { return withdrawn_; }
  // A late report came: drifts that opened after `after` and are not among drifts() never were.
  [[nodiscard]] bool rewritten() const { return rewritten_; }
  // Those that opened, changed or ended after `after`, and the one that was open then, as they are now.
  [[nodiscard]] std::map<Uuid, Drift> drifts() const;

 private:
  void append(const Receipt& receipt);
  void rewrite(std::size_t at);
  void tell_in_order(Transition made, const Receipt& receipt);
  void correct(const Report& cause, const Announced& told, const std::optional<Drift>& then);
  void add(Event event, const ReportKey& at);

  Stream stream_;
  std::chrono::microseconds flap_window_;
  Begin begin_;
  State tail_;
  std::optional<Announced> announced_;
  std::vector<Event> found_;
  std::set<Uuid> withdrawn_;
  bool rewritten_ = false;
};

}  // namespace plumbline::drift
