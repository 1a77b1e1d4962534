// The history of one (tenant, repo, branch) as a pure function of its reports ordered by (time, id):
//
//   before the first PASS     nothing happens, whatever fails
//   PASS -> FAIL              a layer violation in it opens a drift; without one the gate failed
//   (gate.failed) FAIL after a PASS         its first layer violation opens the drift then; violations that
//   an open drift does
//                             not have yet update it; a drift stays open until a PASS, also when its
//                             violations are gone and something else fails
//   FAIL -> PASS              resolves the drift, or the gate recovered (gate.recovered)
//   ERROR, SKIP               never get here
//
// A drift that opens within the flap window after the last one was resolved joins its incident. Values only;
// no IO, no clock.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::drift {

// Violations that a report or drift remembers, files that a violation does, and bytes of their texts. A
// report may bring 20,000 of 100,000 files; totals are counted before the cut.
inline constexpr std::size_t kViolationsMax = 100;
inline constexpr std::size_t kShownMax = 20;
inline constexpr std::size_t kFilesMax = 20;
inline constexpr std::size_t kTextBytesMax = 500;
// Fingerprints that an open drift knows; beyond, nothing is new to it any more.
inline constexpr std::size_t kKnownMax = 4000;
// A state is kept at least this often, which bounds what a late report makes to be read.
inline constexpr std::int32_t kCheckpointEvery = 256;

struct ReportKey {
  TimeUs time;
  Uuid id;
  auto operator<=>(const ReportKey&) const = default;
};

struct Violation {
  std::string id, title, severity;
  std::vector<std::string> files;
  bool operator==(const Violation&) const = default;
};

// A passing or failing report, as far as its history goes.
struct Report {
  ReportKey key;
  bool passed = false;
  std::string commit, version;   // empty: not said
  std::vector<Violation> layer;  // layer violations, at most kViolationsMax
  std::int32_t layer_total = 0;
};

// A report that something points to.
struct Ref {
  ReportKey key;
  std::string commit, version;
  bool operator==(const Ref&) const = default;
};

struct Drift {
  Uuid id, incident;
  Ref opened, previous;  // previous: the last passing report
  TimeUs passing_since;  // first report of the passing run
  std::string severity;
  std::vector<Violation> violations;  // new since `previous`, at most kShownMax
  std::int32_t violations_total = 0;
  TimeUs updated_at;
  std::optional<Ref> resolved;
  bool operator==(const Drift&) const = default;
};

struct Incident {
  Uuid id;
  TimeUs resolved_at;  // of its last drift
  bool operator==(const Incident&) const = default;
};

enum class Phase : std::uint8_t { kUnknown, kPassing, kFailing };  // kUnknown: nothing has passed yet

struct State {
  Phase phase = Phase::kUnknown;
  TimeUs passing_since;
  std::optional<Ref> last_pass;
  std::vector<std::uint64_t> known;  // fingerprints, sorted: of last_pass and of the open drift
  std::optional<Ref> failed;         // of a failing run without a drift: its first report
  std::optional<Drift> drift;        // open
  std::optional<Incident> incident;  // the last one
  std::int32_t since_checkpoint = 0;
  bool operator==(const State&) const = default;
};

// Whose history it is.
struct Stream {
  TenantId tenant;
  std::string repo, branch;
  Uuid id;  // of these three
};
[[nodiscard]] Stream make_stream(const TenantId& tenant, std::string_view repo, std::string_view branch);

enum class Type : std::uint8_t { kOpened, kUpdated, kResolved, kGateFailed, kGateRecovered };
[[nodiscard]] std::string_view to_word(Type type);

// What one report changed.
struct Transition {
  Type type = Type::kOpened;
  Ref report;
  std::optional<Drift> drift;  // of drift.*: as it is after the report
  std::optional<Ref> previous;
  std::optional<TimeUs> passing_since;
  std::string severity;
  std::vector<Violation> fresh;  // what is new, at most kShownMax
  std::int32_t fresh_total = 0;
};

// Id of the event that a transition of this report is: the same whenever and however often it is found.
[[nodiscard]] Uuid event_id(const Stream& stream, std::string_view type, const ReportKey& at);

// Takes the next report in order. True: the state after it is to be kept, as it changes something or is due.
bool advance(State& state, const Stream& stream, std::chrono::microseconds flap_window, const Report& report,
             std::vector<Transition>& out);

}  // namespace plumbline::drift
