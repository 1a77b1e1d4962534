#include "consumers/notify/sender.h"

#include <algorithm>
#include <condition_variable>

#include "consumers/notify/routing.h"
#include "core/telemetry/logging.h"

namespace plumbline::notify {
namespace {

using std::chrono::milliseconds;

// Between the end of an attempt and the end of its lease: time to record the outcome.
constexpr milliseconds kLeaseMargin{2000};
// Besides wake-ups: other processes, lost wake-ups, lanes whose pause ends.
constexpr milliseconds kPoll{500};
constexpr milliseconds kPollLeast{5};
constexpr milliseconds kRetryPause{100};
// Deliveries that one transaction sets aside before it gives others a turn.
constexpr int kSetAsideMax = 200;

TimeUs later(TimeUs at, milliseconds by) {
  return {at.value + std::chrono::microseconds(by).count()};
}

void pause(milliseconds length, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, length, [] { return false; });
}

template <class... F>
struct Cases : F... {
  using F::operator()...;
};
template <class... F>
Cases(F...) -> Cases<F...>;

bool paced(const std::string& kind) {
  return kind == "slack_app" || kind == "slack_webhook";
}

}  // namespace

Sender::Sender(SenderParts parts) : parts_(std::move(parts)) {}

void Sender::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::uint64_t seen = parts_.wake.rings();
    auto did = step(stop);
    if (did) trouble_.over();
    if (did && *did) continue;
    milliseconds rest = kPoll;
    if (!did) {
      note(did.error());
    } else if (auto due = postgres::until_due(*connection_, parts_.clock.now(), kPoll)) {
      rest = std::max(*due, kPollLeast);
    }
    parts_.wake.wait(seen, rest, stop);
  }
}

Status Sender::ensure_connected() {
  if (connection_ && connection_->broken()) connection_.reset();
  if (connection_) return ok_status();
  auto made = pg::Connection::connect(parts_.postgres);
  if (!made) return made.error();
  connection_.emplace(std::move(*made));
  return ok_status();
}

Result<bool> Sender::step(const std::stop_token& stop) {
  if (Status ready = ensure_connected(); !ready) return ready.error();
  Claimed claimed;
  auto turn = claim(claimed);
  if (!turn) return turn.error();
  {
    const std::lock_guard hold(health_mutex_);
    unhealthy_.reset();
  }
  if (*turn != Turn::kClaimed) return *turn == Turn::kTidied;
  const channel::Outcome outcome = send(claimed);
  record(claimed, outcome, stop);
  return true;
}

Result<Sender::Turn> Sender::claim(Claimed& claimed) {
  const TimeUs now = parts_.clock.now();
  if (Status begun = connection_->begin(); !begun) return begun.error();
  auto lane = postgres::take_lane(*connection_, now);
  if (!lane || !*lane) {
    connection_->rollback();
    if (!lane) return lane.error();
    return Turn::kIdle;
  }
  auto turn = choose((*lane)->name, now, claimed);
  if (!turn) {
    connection_->rollback();
    return turn;
  }
  if (Status committed = connection_->commit(); !committed) return committed.error();
  parts_.meters.orphans.add(static_cast<std::uint64_t>((*lane)->orphans));
  return turn;
}

Result<Sender::Turn> Sender::choose(const postgres::LaneName& lane, TimeUs now, Claimed& claimed) {
  for (int looked_at = 0; looked_at < kSetAsideMax; ++looked_at) {
    auto candidate = postgres::next_candidate(*connection_, lane, now);
    if (!candidate) return candidate.error();
    if (!*candidate) break;
    bool send = false;
    if (Status aside = set_aside(**candidate, now, send); !aside) return aside.error();
    if (!send) continue;
    claimed.lane = lane;
    claimed.candidate = std::move(**candidate);
    const postgres::Delivery& first = claimed.candidate.delivery;
    claimed.parts = {first};
    if (first.content == "digest") {
      constexpr std::size_t kDigestMost = 5000;  // rows of one transaction; more come in the next message
      auto all = postgres::digest_of(*connection_, first, now, kDigestMost);
      if (!all) return all.error();
      claimed.parts = std::move(*all);
    }
    claimed.message = first.message.value_or(first.id);
    const milliseconds lease = parts_.options.send_timeout + kLeaseMargin;
    claimed.lease_ends = parts_.clock.monotonic() + lease;
    const Status done =
        postgres::claim(*connection_, lane, claimed.parts, claimed.message, owner_, lease, now);
    if (!done) return done.error();
    return Turn::kClaimed;
  }
  if (Status released = postgres::release_unclaimed(*connection_, lane); !released) return released.error();
  return Turn::kTidied;
}

Status Sender::set_aside(const postgres::Candidate& candidate, TimeUs now, bool& send) {
  const postgres::Delivery& d = candidate.delivery;
  const auto counted = [&](const char* word, Status done) {
    if (done) parts_.meters.delivery(d.kind, word).add();
    return done;
  };
  return std::visit(
      Cases{[&](const Send&) -> Status {
              send = true;
              return ok_status();
            },
            [&](const Skip& skip) {
              return counted("skipped", postgres::skip_delivery(*connection_, d, skip.reason, now));
            },
            [&](const GiveUp& up) {
              return counted("failed", postgres::fail_delivery(*connection_, d, up.reason, now));
            },
            [&](const Defer& defer) {
              return counted("deferred", postgres::defer_delivery(*connection_, d, defer.until));
            }},
      decide(candidate, now, parts_.options.age_max));
}

channel::Outcome Sender::send(const Claimed& claimed) {
  auto message = compose({&claimed.candidate, &claimed.parts, claimed.message, parts_.options.public_url},
                         decoder_, parts_.sealer, parts_.tokens);
  if (!message) {
    // Another master key or a repaired route may come; what no decoder reads never will.
    if (message.error().fault == Fault::kFatal) return channel::Retry{message.error().message};
    return channel::Rejected{message.error().message};
  }
  const auto [made, absent] = channels_.try_emplace(message->to.kind);
  if (absent) made->second = parts_.channels(message->to.kind);
  if (!made->second) {
    return channel::Retry{"this process is not set up to send by " +
                          std::string(channel::word(message->to.kind))};
  }
  const auto started = parts_.clock.monotonic();
  auto outcome = made->second->send(*message, started + parts_.options.send_timeout);
  parts_.meters.seconds.observe(std::chrono::duration<double>(parts_.clock.monotonic() - started).count());
  return outcome;
}

postgres::Finish Sender::finish_of(const Claimed& claimed, const channel::Outcome& outcome, TimeUs now) {
  std::int64_t attempt = 1;
  for (const postgres::Delivery& part : claimed.parts) attempt = std::max(attempt, part.attempts + 1);
  const config::Notify& options = parts_.options;
  const auto again = [&](const std::string& reason, std::optional<milliseconds> asked,
                         bool may_have_arrived) {
    std::uniform_real_distribution<double> share(0, 1);
    const milliseconds rest = backoff(attempt, options.retry_first, options.retry_max, asked, share(jitter_));
    postgres::Finish finish{.what = postgres::Finish::What::kAgain, .reason = reason};
    finish.resend = may_have_arrived;
    finish.again_at = later(now, rest);
    finish.lane_not_before = finish.again_at;  // the destination rests, not only this message
    return finish;
  };
  postgres::Finish finish =
      std::visit(Cases{[&](const channel::Delivered& d) {
                         return postgres::Finish{.what = postgres::Finish::What::kDelivered,
                                                 .external_ref = d.external_ref};
                       },
                       [&](const channel::Rejected& r) {
                         return postgres::Finish{.what = postgres::Finish::What::kFailed, .reason = r.reason};
                       },
                       [&](const channel::Retry& r) { return again(r.reason, r.after, false); },
                       [&](const channel::Unknown& u) { return again(u.reason, std::nullopt, true); }},
                 outcome);
  if (!finish.lane_not_before && paced(claimed.candidate.delivery.kind)) {
    finish.lane_not_before = later(now, options.slack_interval);
  }
  return finish;
}

// False: the lease was lost, whoever took the lane sends again.
Result<bool> Sender::try_record(const Claimed& claimed, const channel::Outcome& outcome) {
  if (Status ready = ensure_connected(); !ready) return ready.error();
  const TimeUs now = parts_.clock.now();
  const postgres::Delivery& first = claimed.candidate.delivery;
  const postgres::Finish what = finish_of(claimed, outcome, now);
  failed_.reset();
  if (Status begun = connection_->begin(); !begun) return begun.error();
  auto ours = postgres::finish(*connection_, claimed.lane, claimed.parts, owner_, what, now);
  Status health = ok_status();
  if (ours && *ours) {
    if (what.what == postgres::Finish::What::kDelivered) {
      health = postgres::route_delivered(*connection_, first.tenant, first.route, now);
    } else {
      auto state = postgres::route_failed(*connection_, first.tenant, first.route, what.reason, now);
      if (state) failed_ = *state;
      if (!state) health = state.error();
    }
  }
  if (!ours || !*ours || !health) {
    connection_->rollback();
    if (!health) return health.error();
    return ours;
  }
  if (Status committed = connection_->commit(); !committed) return committed.error();
  return true;
}

// Recording is tried as long as the lease lasts: without it the message would be sent again, flagged.
void Sender::record(const Claimed& claimed, const channel::Outcome& outcome, const std::stop_token& stop) {
  count(claimed, outcome);
  for (;;) {
    auto recorded = try_record(claimed, outcome);
    if (recorded && *recorded) break;
    // After a COMMIT that is in doubt the next try finds the lane without us: it was recorded.
    if (recorded) return;
    note(recorded.error());
    if (parts_.clock.monotonic() >= claimed.lease_ends) {
      telemetry::warn("notify_outcome_lost",
                      {{"reason", std::string_view("the lease ended before it could be recorded")}});
      return;
    }
    pause(kRetryPause, stop);
  }
  const auto* rejected = std::get_if<channel::Rejected>(&outcome);
  const bool gone = rejected != nullptr && rejected->gone;
  if (failed_) look_after(claimed, gone ? rejected->reason : "", gone);
}

void Sender::count(const Claimed& claimed, const channel::Outcome& outcome) {
  constexpr const char* kWords[] = {"delivered", "retry", "rejected", "unknown"};
  parts_.meters.delivery(claimed.candidate.delivery.kind, kWords[outcome.index()]).add();
}

// A route that is gone, or failed for too long, is disabled. Interrupted, its next failure does it.
void Sender::look_after(const Claimed& claimed, const std::string& reason, bool gone) {
  const TimeUs now = parts_.clock.now();
  if (!gone && !should_disable(*failed_, now, parts_.options.disable_after)) return;
  const postgres::Delivery& first = claimed.candidate.delivery;
  const std::string why = gone ? reason
                               : std::to_string(failed_->failures) + " attempts failed since " +
                                     format_rfc3339(failed_->failing_since);
  if (Status begun = connection_->begin(); !begun) return note(begun.error());
  auto told = postgres::disable_route(*connection_, first.tenant, first.route, why, now);
  if (!told) {
    connection_->rollback();
    return note(told.error());
  }
  if (Status committed = connection_->commit(); !committed) return note(committed.error());
  if (*told < 0) return;
  parts_.meters.disabled.add();
  telemetry::warn("notify_route_disabled",
                  {{"route", std::string_view(claimed.candidate.route->id.to_string())}, {"notices", *told}});
  parts_.wake.ring();
}

void Sender::note(const Error& error) {
  trouble_.met(error);
  const std::lock_guard hold(health_mutex_);
  unhealthy_ = error;
}

Status Sender::healthy() const {
  const std::lock_guard hold(health_mutex_);
  if (unhealthy_) return *unhealthy_;
  return ok_status();
}

}  // namespace plumbline::notify
