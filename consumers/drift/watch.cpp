#include "consumers/drift/watch.h"

#include <algorithm>
#include <cmath>

#include "core/frame.h"
#include "core/telemetry/trouble.h"
#include "sinks/postgres/drift_store.h"

namespace plumbline::drift {
namespace {

constexpr std::int64_t kSecondUs = 1000000;
constexpr std::int64_t kPruneEveryUs = 3600 * kSecondUs;
// A policy that was followed before is taken for the agent's again when the other one rests for so long: two
// sessions of one agent may follow two policies side by side.
constexpr std::int64_t kPolicyRestUs = 3600 * kSecondUs;
constexpr double kHalfLifeS = 14 * 86400;
constexpr std::int64_t kUsualGaps = 3;
constexpr std::int32_t kGapsMax = 1000;

std::int64_t allowed_us(const postgres::DriftWatchRow& known, const WatchOptions& options) {
  const std::int64_t usual = kUsualGaps * known.gap_s * kSecondUs;
  return std::max<std::int64_t>(options.silence_min.count(),
                                std::min<std::int64_t>(usual, options.silence_max.count()));
}

WatchEvent event_of(const postgres::DriftWatchRow& known, const std::string& what, TimeUs time, TimeUs now,
                    const WatchOptions& options) {
  WatchEvent event;
  event.tenant = known.tenant;
  event.is_agent = known.is_agent;
  event.name = known.name;
  event.type = what;
  event.time = time;
  event.notify = now.value - time.value <= options.notify_age_max.count();
  event.gap_s = known.gap_s;
  return event;
}

void learn(postgres::DriftWatchRow& known, TimeUs seen) {
  const std::int64_t gap = (seen.value - known.last_time.value) / kSecondUs;
  const double faded = static_cast<double>(known.gap_s) * std::exp2(-static_cast<double>(gap) / kHalfLifeS);
  known.gap_s = std::max(gap, static_cast<std::int64_t>(faded));
  known.gaps = std::min(known.gaps + 1, kGapsMax);
  known.last_time = seen;
}

}  // namespace

std::optional<WatchEvent> judge(const postgres::DriftWatched& watched, TimeUs now, bool caught_up,
                                const WatchOptions& options, postgres::DriftWatchRow& known) {
  known = watched.known;
  const std::string kind = known.is_agent ? "agent" : "repo";
  if (!watched.has_row) {
    known.first_time = known.last_time = watched.seen;
    return std::nullopt;
  }
  if (watched.seen > known.last_time) {
    const auto since = std::exchange(known.silent_since, std::nullopt);
    // The silence itself is no gap that is usual.
    if (since) {
      known.last_time = watched.seen;
      WatchEvent event = event_of(known, kind + ".reporting", watched.seen, now, options);
      event.silent_since = since;
      event.id = watch_event_id(known.tenant, event.type, known.name, format_rfc3339(*since));
      return event;
    }
    learn(known, watched.seen);
    return std::nullopt;
  }
  if (known.silent_since || !caught_up || known.gaps < kUsualGaps ||
      known.last_time.value - known.first_time.value < options.silence_min.count()) {
    return std::nullopt;
  }
  const TimeUs due{known.last_time.value + allowed_us(known, options)};
  if (now <= due) return std::nullopt;
  known.silent_since = known.last_time;
  WatchEvent event = event_of(known, kind + ".silent", due, now, options);
  event.silent_since = known.last_time;
  event.id = watch_event_id(known.tenant, event.type, known.name, format_rfc3339(known.last_time));
  return event;
}

std::optional<WatchEvent> judge(const postgres::DriftPolicy& policy, TimeUs now, const WatchOptions& options,
                                postgres::DriftWatchRow& known) {
  known = policy.known;
  const std::string before = known.policy_hash;
  const auto before_time = policy.known_last ? policy.known_last : known.policy_time;
  if (!before.empty() && before != policy.hash && before_time) {
    const bool is_new = known.policy_time && policy.first_time > *known.policy_time;
    if (!is_new && policy.last_time.value - before_time->value < kPolicyRestUs) return std::nullopt;
  }
  known.policy_hash = policy.hash;
  known.policy_time = policy.last_time;
  if (before.empty() || before == policy.hash) return std::nullopt;
  const TimeUs time = before_time ? std::max(policy.first_time, *before_time) : policy.first_time;
  WatchEvent event = event_of(known, "policy.changed", time, now, options);
  event.policy_from = before;
  event.policy_to = policy.hash;
  event.id = watch_event_id(known.tenant, event.type, known.name,
                            before + "\n" + policy.hash + "\n" + format_rfc3339(time));
  return event;
}

Watch::Watch(pg::ConnectOptions postgres, log::Log& log, const Clock& clock, WatchOptions options,
             std::function<void(const std::set<std::int16_t>&)> found)
    : postgres_(std::move(postgres)), log_(log), clock_(clock), options_(options), found_(std::move(found)) {}

void Watch::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  telemetry::Trouble trouble("drift_watch_failed");
  while (!stop.stop_requested()) {
    if (auto done = turn(); !done) {
      trouble.met(done.error());
    } else {
      trouble.over();
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, options_.interval, [] { return false; });
  }
}

bool Watch::caught_up(std::string_view consumer, std::string_view topic) {
  auto positions = postgres::drift_positions(*connection_, consumer, topic);
  auto info = log_.topic(topic);
  if (!positions || !info || positions->size() < static_cast<std::size_t>(info->partitions)) return false;
  return std::all_of(positions->begin(), positions->end(), [&](const auto& position) {
    const auto marks = log_.watermarks({std::string(topic), position.first});
    // Records that arrive at this moment are no lag.
    constexpr std::int64_t kUnderWay = 1000;
    return marks && marks->high - position.second <= kUnderWay;
  });
}

Status Watch::look(std::vector<WatchEvent>& events) {
  const TimeUs now = clock_.now();
  std::vector<postgres::DriftWatchRow> changed;
  for (const bool agents : {false, true}) {
    auto watched = postgres::drift_watched(*connection_, agents, {now.value - options_.silence_min.count()});
    if (!watched) return watched.error();
    const bool all_read =
        agents ? caught_up("health", frame::kTracesTopic) : caught_up("drift", frame::kReportsTopic);
    for (const postgres::DriftWatched& one : *watched) {
      auto event = judge(one, now, all_read, options_, changed.emplace_back());
      if (one.has_row && changed.back() == one.known) changed.pop_back();
      if (event) events.push_back(std::move(*event));
    }
  }
  if (Status saved = postgres::save_drift_watch(*connection_, changed); !saved) return saved;
  auto policies = postgres::drift_policies(*connection_);
  if (!policies) return policies.error();
  changed.clear();
  for (const postgres::DriftPolicy& one : *policies) {
    auto event = judge(one, now, options_, changed.emplace_back());
    if (changed.back() == one.known) changed.pop_back();
    if (event) events.push_back(std::move(*event));
  }
  if (Status saved = postgres::save_drift_watch(*connection_, changed); !saved) return saved;
  if (pruned_at_ && now.value - pruned_at_->value < kPruneEveryUs) return ok_status();
  auto pruned = postgres::prune_drift(*connection_, {now.value - options_.history.count()}, now);
  if (!pruned) return pruned.error();
  pruned_at_ = now;
  return ok_status();
}

Result<bool> Watch::turn() {
  if (connection_ && connection_->broken()) connection_.reset();
  if (!connection_) {
    auto made = pg::Connection::connect(postgres_);
    if (!made) return made.error();
    auto session = postgres::prepare_drift_session(*made);
    if (!session) return session.error();
    session_ = *session;
    connection_.emplace(std::move(*made));
  }
  if (Status begun = connection_->begin(); !begun) return begun.error();
  auto ours = postgres::try_lock_drift_watch(*connection_);
  if (!ours || !*ours) {
    connection_->rollback();
    return ours;
  }
  std::vector<WatchEvent> events;
  Status done = look(events);
  std::vector<postgres::DriftEventRow> rows;
  std::set<std::int16_t> lanes;
  for (const WatchEvent& event : events) {
    postgres::DriftEventRow row;
    row.tenant = event.tenant;
    row.id = event.id;
    row.key = key_of(event.tenant, event.name);
    row.lane = postgres::drift_lane(row.key);
    row.type = event.type;
    row.time = event.time;
    row.recorded_at = clock_.now();
    row.notify = event.notify;
    (event.is_agent ? row.agent : row.repo) = event.name;
    row.body = body_of(event, row.recorded_at);
    lanes.insert(row.lane);
    rows.push_back(std::move(row));
  }
  if (done) {
    auto added = postgres::add_drift_events(*connection_, session_, rows);
    if (!added) done = added.error();
  }
  if (!done) {
    connection_->rollback();
    return done.error();
  }
  if (Status committed = connection_->commit(); !committed) return committed.error();
  if (!lanes.empty()) found_(lanes);
  return true;
}

}  // namespace plumbline::drift
