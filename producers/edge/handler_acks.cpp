// What comes back from the log, what goes out by the clock: answers, late answers, outcomes, the producer
// itself.
#include <algorithm>

#include "core/frame.h"
#include "core/otlp/answer.h"
#include "producers/edge/handler.h"

namespace plumbline::edge {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kOutcomeToken = std::uint64_t{1} << 63;
constexpr auto kRebuildPause = 1s;
constexpr std::int64_t kMinutesKept = 3;  // longer than a request may wait for its acks
// A record's key and headers, on top of its value.
constexpr std::int64_t kMinuteUs = 60'000'000;

}  // namespace

void EdgeHandler::on_acked(std::span<const log::Ack> acks) {
  for (const log::Ack& ack : acks) {
    if ((ack.token & kOutcomeToken) != 0) {
      outcome_acked(ack);
      continue;
    }
    const auto slot = static_cast<std::uint32_t>(ack.token);
    Pending& pending = pending_.at(slot);
    if (ack.status != log::Ack::Status::kDurable) {
      pending.failed = run_spent_ = true;
      pending.log_full = pending.log_full || ack.reason == "log_full";
    }
    if (--pending.frames_left > 0) continue;
    finish(pending);
    close(slot);
  }
  if (shared_.flush.load(std::memory_order_relaxed)) publish_outcomes();
}

// The last frame's ack is here. A client that was answered already has been told 503.
void EdgeHandler::finish(Pending& pending) {
  shared_.meters.ack_seconds.observe(std::chrono::duration<double>(worker_.now() - pending.since).count());
  if (!pending.responder.pending()) return;
  if (pending.failed)
    return refuse(pending, shared_.log_state.up() ? Refused::kLogSlow : Refused::kLogDown, 1s);
  outcomes_.add(pending.outcome, pending.accepted, pending.rejected);
  shared_.meters.count(pending.accepted, pending.rejected);
  send(pending.responder, {.status = pending.otlp ? 200 : 202,
                           .content_type = pending.otlp ? otlp::content_type(pending.otlp->encoding) : kJson,
                           .extra_fields = pending.fields,
                           .body = pending.body,
                           .close = false});
}

void EdgeHandler::close(std::uint32_t slot) {
  Pending& pending = pending_.at(slot);
  shared_.log_budget.give_back(pending.log_bytes);
  shared_.budget.give_back(pending.body_bytes);
  pending_.close(slot);
}

void EdgeHandler::answer_the_late() {
  if (pending_.open_count() == 0) return;
  const auto oldest = worker_.now() - shared_.config.ack_wait_max;
  pending_.each([&](Pending& pending) {
    if (pending.since > oldest || !pending.responder.pending()) return;
    run_spent_ = true;
    refuse(pending, Refused::kLogSlow, 1s);
  });
}

void EdgeHandler::on_turn_end() {
  appender_.submit();
  arena_.reset();
}

void EdgeHandler::on_tick() {
  connect();
  answer_the_late();
  const auto now = worker_.now();
  const bool flush = shared_.flush.load(std::memory_order_relaxed);
  if (flush || now - published_at_ >= shared_.config.outcomes_interval) {
    published_at_ = now;
    publish_outcomes();
    outcomes_.forget_before(shared_.clock.now().value / kMinuteUs - kMinutesKept);
  }
  if (flush) note_flushed();
  on_turn_end();
}

void EdgeHandler::connect() {
  const bool fatal = shared_.log_state.fatal() && appender_.connected();
  if (appender_.connected() && !fatal) return;
  if (fatal && worker_.now() - rebuilt_at_ < kRebuildPause) return;
  if (!fatal && !shared_.log_state.up()) return;
  rebuilt_at_ = worker_.now();
  if (!appender_.connect(shared_.log, fatal)) return;
  if (fatal) shared_.meters.producer_rebuilds.add();
  renew_run();
}

void EdgeHandler::renew_run() {
  const LogState::Partitions partitions = shared_.log_state.partitions();
  run_ = {Uuid::random()};
  run_spent_ = false;
  traces_.emplace(frame::kTracesTopic, partitions.traces, run_);
  reports_.emplace(frame::kReportsTopic, partitions.reports, run_);
}

void EdgeHandler::publish_outcomes() {
  if (publishing_left_ > 0 || !appender_.connected()) return;
  publishing_ = outcomes_.changed();
  publishing_left_ = publishing_.size();
  const std::int32_t partitions = shared_.log_state.partitions().outcomes;
  for (std::size_t i = 0; i < publishing_.size(); ++i) {
    const OutcomeRecord& outcome = publishing_[i];
    log::Record record;
    record.topic = frame::kOutcomesTopic;
    record.partition = log::partition_of(outcome.key, partitions);
    record.key = outcome.key;
    record.value = outcome.value;
    record.timestamp_ms = shared_.clock.now().value / 1000;
    appender_.append(record, kOutcomeToken | i);
  }
}

void EdgeHandler::outcome_acked(const log::Ack& ack) {
  const OutcomeRecord& outcome = publishing_[static_cast<std::size_t>(ack.token & ~kOutcomeToken)];
  if (ack.status == log::Ack::Status::kDurable) {
    outcomes_.confirmed(outcome.of, outcome.version);
  } else {
    shared_.meters.outcomes_failed.add();
  }
  --publishing_left_;
  if (publishing_left_ == 0 && shared_.flush.load(std::memory_order_relaxed)) note_flushed();
}

void EdgeHandler::note_flushed() {
  if (flushed_ || pending_.open_count() > 0 || !outcomes_.all_confirmed()) return;
  flushed_ = true;
  const std::scoped_lock lock(shared_.flushed_mutex);
  ++shared_.flushed;
  shared_.flushed_changed.notify_all();
}

}  // namespace plumbline::edge
