#include "consumers/drift/history.h"

#include <algorithm>
#include <array>

#include "core/crypto/sha256.h"
#include "core/crypto/uuid5.h"

namespace plumbline::drift {
namespace {

constexpr std::array<std::string_view, 5> kSeverities = {"info", "low", "medium", "high", "critical"};

std::size_t rank(std::string_view severity) {
  const auto* found = std::find(kSeverities.begin(), kSeverities.end(), severity);
  return found == kSeverities.end() ? 2 : static_cast<std::size_t>(found - kSeverities.begin());
}

std::string highest(const std::vector<Violation>& violations) {
  std::size_t most = violations.empty() ? 2 : 0;
  for (const Violation& violation : violations) most = std::max(most, rank(violation.severity));
  return std::string(kSeverities[most]);
}

const Uuid& name_space() {
  static const Uuid made = crypto::uuid5(crypto::kUrlNamespace, "https://plumbline.dev/ns/drift");
  return made;
}

Uuid id_of(std::string_view what, const Stream& stream, const ReportKey& at) {
  std::string name(what);
  name.append("\n").append(stream.id.to_string()).append("\n").append(at.id.to_string());
  return crypto::uuid5(name_space(), name.append("\n").append(format_rfc3339(at.time)));
}

// Gates put remarks behind a path: "src/a.ts (544 lines)". They change while the violation stays.
std::string_view path_of(std::string_view file) {
  const std::size_t remark = file.rfind(" (");
  return remark != std::string_view::npos && file.ends_with(')') ? file.substr(0, remark) : file;
}

// What makes a violation the same one from report to report: rule, title and file; not its line, which moves.
std::uint64_t fingerprint(const Violation& violation, std::string_view file) {
  std::string name = std::to_string(violation.id.size()) + " " + std::to_string(violation.title.size()) + " ";
  name.append(violation.id).append(violation.title).append(path_of(file));
  const crypto::Digest256 digest = crypto::sha256(name);
  std::uint64_t first = 0;
  for (int i = 0; i < 8; ++i) first = first << 8 | digest[static_cast<std::size_t>(i)];
  return first;
}

bool learn(std::vector<std::uint64_t>& known, std::uint64_t print) {
  const auto at = std::lower_bound(known.begin(), known.end(), print);
  if (at != known.end() && *at == print) return false;
  if (known.size() >= kKnownMax) return false;
  known.insert(at, print);
  return true;
}

// The violations of a report that are not known yet, with their new files only; they are known afterwards.
std::vector<Violation> learn(std::vector<std::uint64_t>& known, const Report& report) {
  std::vector<Violation> fresh;
  for (const Violation& violation : report.layer) {
    Violation made{violation.id, violation.title, violation.severity, {}};
    bool is_new = violation.files.empty() && learn(known, fingerprint(violation, {}));
    for (const std::string& file : violation.files) {
      if (!learn(known, fingerprint(violation, file))) continue;
      is_new = true;
      made.files.push_back(file);
    }
    if (is_new) fresh.push_back(std::move(made));
  }
  return fresh;
}

void cut(std::vector<Violation>& violations) {
  if (violations.size() > kShownMax) violations.resize(kShownMax);
}

Ref ref_of(const Report& report) {
  return {report.key, report.commit, report.version};
}

// In the memory that is there: nearly every report comes by here.
void set(std::optional<Ref>& ref, const Report& report) {
  if (!ref) ref.emplace();
  ref->key = report.key;
  ref->commit = report.commit;
  ref->version = report.version;
}

class Step {
 public:
  Step(State& state, const Stream& stream, std::chrono::microseconds flap_window, const Report& report,
       std::vector<Transition>& out)
      : state_(state), stream_(stream), flap_window_(flap_window), report_(report), out_(out) {}

  // True: more changed than the last passing report.
  bool take() {
    if (report_.passed) return pass();
    if (state_.phase == Phase::kUnknown) return false;
    return fail();
  }

 private:
  bool pass() {
    const bool changed = state_.phase != Phase::kPassing;
    if (state_.drift) {
      resolve();
    } else if (state_.failed) {
      Transition& made = add(Type::kGateRecovered);
      made.previous = state_.failed;
      made.severity = "medium";
    }
    state_.drift.reset();
    state_.failed.reset();
    if (changed) state_.passing_since = report_.key.time;
    state_.phase = Phase::kPassing;
    set(state_.last_pass, report_);
    state_.known.clear();
    (void)learn(state_.known, report_);
    return changed;
  }

  bool fail() {
    const bool first = state_.phase == Phase::kPassing;
    state_.phase = Phase::kFailing;
    if (state_.drift) return update();
    if (!report_.layer.empty()) {
      open();
      return true;
    }
    if (!first) return false;
    state_.failed = ref_of(report_);
    Transition& made = add(Type::kGateFailed);
    made.previous = state_.last_pass;
    made.passing_since = state_.passing_since;
    made.severity = "medium";
    return true;
  }

  void open() {
    std::vector<Violation> fresh = learn(state_.known, report_);
    Drift drift;
    drift.id = id_of("drift", stream_, report_.key);
    drift.incident = drift.id;
    if (state_.incident &&
        report_.key.time.value - state_.incident->resolved_at.value <= flap_window_.count()) {
      drift.incident = state_.incident->id;
    }
    drift.opened = ref_of(report_);
    drift.previous = *state_.last_pass;
    drift.passing_since = state_.passing_since;
    drift.severity = highest(report_.layer);
    // Beyond what a report keeps there is only its count.
    const std::int32_t unseen = report_.layer_total - static_cast<std::int32_t>(report_.layer.size());
    drift.violations_total = static_cast<std::int32_t>(fresh.size()) + unseen;
    drift.updated_at = report_.key.time;
    cut(fresh);
    drift.violations = fresh;
    state_.failed.reset();
    state_.drift = std::move(drift);
    tell(Type::kOpened, std::move(fresh), state_.drift->violations_total);
  }

  bool update() {
    std::vector<Violation> fresh = learn(state_.known, report_);
    if (fresh.empty()) return false;
    Drift& drift = *state_.drift;
    const auto total = static_cast<std::int32_t>(fresh.size());
    drift.violations_total += total;
    drift.updated_at = report_.key.time;
    if (const std::string most = highest(fresh); rank(most) > rank(drift.severity)) drift.severity = most;
    drift.violations.insert(drift.violations.end(), fresh.begin(), fresh.end());
    cut(drift.violations);
    cut(fresh);
    tell(Type::kUpdated, std::move(fresh), total);
    return true;
  }

  void resolve() {
    Drift& drift = *state_.drift;
    drift.resolved = ref_of(report_);
    drift.updated_at = report_.key.time;
    state_.incident = Incident{drift.incident, report_.key.time};
    tell(Type::kResolved, drift.violations, drift.violations_total);
    out_.back().previous = drift.opened;
  }

  Transition& add(Type type) {
    Transition made;
    made.type = type;
    made.report = ref_of(report_);
    out_.push_back(std::move(made));
    return out_.back();
  }

  void tell(Type type, std::vector<Violation> fresh, std::int32_t total) {
    Transition& made = add(type);
    made.drift = state_.drift;
    made.previous = state_.drift->previous;
    made.passing_since = state_.drift->passing_since;
    made.severity = state_.drift->severity;
    made.fresh = std::move(fresh);
    made.fresh_total = total;
  }

  State& state_;
  const Stream& stream_;
  std::chrono::microseconds flap_window_;
  const Report& report_;
  std::vector<Transition>& out_;
};

}  // namespace

Stream make_stream(const TenantId& tenant, std::string_view repo, std::string_view branch) {
  Stream stream{tenant, std::string(repo), std::string(branch), {}};
  std::string name = "stream\n" + tenant.value.to_string() + "\n" + std::to_string(repo.size()) + "\n";
  stream.id = crypto::uuid5(name_space(), name.append(repo).append(branch));
  return stream;
}

std::string_view to_word(Type type) {
  switch (type) {
    case Type::kOpened:
      return "drift.opened";
    case Type::kUpdated:
      return "drift.updated";
    case Type::kResolved:
      return "drift.resolved";
    case Type::kGateFailed:
      return "gate.failed";
    case Type::kGateRecovered:
      return "gate.recovered";
  }
  return "";
}

Uuid event_id(const Stream& stream, std::string_view type, const ReportKey& at) {
  return id_of(type, stream, at);
}

bool advance(State& state, const Stream& stream, std::chrono::microseconds flap_window, const Report& report,
             std::vector<Transition>& out) {
  const bool changed = Step(state, stream, flap_window, report, out).take();
  const bool keep = changed || state.since_checkpoint + 1 >= kCheckpointEvery;
  state.since_checkpoint = keep ? 0 : state.since_checkpoint + 1;
  return keep;
}

}  // namespace plumbline::drift
