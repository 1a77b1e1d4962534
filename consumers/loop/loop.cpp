#include "consumers/loop/loop.h"

#include <algorithm>
#include <condition_variable>

#include "consumers/loop/meters.h"
#include "core/telemetry/logging.h"

namespace plumbline::loop {
namespace {

constexpr std::chrono::milliseconds kBackoffFirst{50};
// A batch of fewer bytes is small: Options::rest.
constexpr std::size_t kSmallBytes = std::size_t{1} << 20;

}  // namespace

Loop::Loop(Consumer& consumer, log::Log& log, const Clock& clock, telemetry::Metrics& metrics,
           Options options)
    : consumer_(consumer),
      log_(log),
      clock_(clock),
      options_(std::move(options)),
      meters_(std::make_unique<Meters>(metrics, clock, std::string(consumer.name()), options_.member)),
      trouble_("consumer_blocked", consumer.name()) {}

Loop::~Loop() {
  meters_->in_hand->store(0);
}

void Loop::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto done = step(stop);
    if (done) {
      std::size_t bytes = 0;
      for (const Input& input : inputs_) bytes += input.record->value.size();
      if (*done > 0 && bytes < kSmallBytes && options_.rest.count() > 0) pause(stop, options_.rest);
      continue;
    }
    note(done.error());
    wait(stop);
  }
  leave();
}

Result<std::size_t> Loop::step(const std::stop_token& stop) {
  if (Status ready = ensure_connected(); !ready) return ready.error();
  if (Status joined = ensure_joined(); !joined) return joined.error();
  if (Status fresh = consumer_.refresh(*connection_); !fresh) return fresh.error();
  auto records = reader_->poll(options_.batch_bytes_max, options_.poll_wait, stop);
  if (!records) {
    // Joining anew checks every position against the log and stops what is lost.
    if (records.error().code == "position_lost" || records.error().code == "group_stuck") leave();
    return records.error();
  }
  choose(*records);
  auto done = see_through(stop);
  if (done) {
    failures_ = 0;
    trouble_.over();
    const std::lock_guard hold(health_mutex_);
    unhealthy_.reset();
  }
  report_lag();
  return done;
}

std::size_t Loop::choose(std::span<const log::ReadRecord> records) {
  inputs_.clear();
  const postgres::Position* position = nullptr;
  for (const log::ReadRecord& record : records) {
    if (position == nullptr || position->at.partition != record.partition ||
        position->at.topic != record.topic) {
      const auto found = owned_.find({std::string(record.topic), record.partition});
      position = found == owned_.end() ? nullptr : &found->second;
    }
    // A group may hand out records again, or of a partition that stopped: the stored position decides.
    if (position == nullptr || position->stopped || record.offset < position->next_offset) continue;
    inputs_.push_back({&record, record.offset >= position->counted_offset});
  }
  return inputs_.size();
}

Result<std::size_t> Loop::see_through(const std::stop_token& stop) {
  const std::span<const Input> all(inputs_);
  std::size_t done = 0;
  while (done < all.size()) {
    const auto started = clock_.monotonic();
    const std::size_t taken = consumer_.fold(all.subspan(done));
    plan_advances(done, taken);
    note_in_hand(all.subspan(done, taken));
    switch (commit_until(stop)) {
      case Outcome::kCommitted:
        break;
      case Outcome::kStopped:
        return done;
      case Outcome::kFenced:
        meters_->fenced.add();
        telemetry::warn("consumer_fenced", {{"consumer", consumer_.name()}});
        leave();  // whoever took the partition goes on; joining anew tells which are ours
        return done;
    }
    for (const postgres::Advance& step : advances_) {
      postgres::Position& position = owned_.at(step.at);
      position.next_offset = step.to;
      position.counted_offset = std::max(position.counted_offset, step.to);
      reader_->commit_hint(step.at, step.to);
      behind_[step.at].received_at = step.received_at;
    }
    meters_->in_hand->store(0);
    consumer_.committed();
    meters_->records.add(taken);
    meters_->batches.add();
    meters_->seconds.observe(std::chrono::duration<double>(clock_.monotonic() - started).count());
    done += taken;
  }
  return done;
}

void Loop::plan_advances(std::size_t done, std::size_t taken) {
  advances_.clear();
  std::size_t at = 0;
  for (const Input& input : std::span<const Input>(inputs_).subspan(done, taken)) {
    const log::ReadRecord& record = *input.record;
    const auto same = [&](const postgres::Advance& step) {
      return step.at.partition == record.partition && step.at.topic == record.topic;
    };
    if (at >= advances_.size() || !same(advances_[at])) {
      const auto found = std::find_if(advances_.begin(), advances_.end(), same);
      at = static_cast<std::size_t>(found - advances_.begin());
      if (found == advances_.end()) {
        const postgres::Position& position = owned_.at({std::string(record.topic), record.partition});
        advances_.push_back({position.at, position.epoch, position.next_offset, 0, {}});
      }
    }
    advances_[at].to = record.offset + 1;
    advances_[at].received_at = std::max(advances_[at].received_at, TimeUs{record.timestamp_ms * 1000});
  }
  // Two members that both believe to own partitions lock the rows in one order.
  std::sort(advances_.begin(), advances_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
}

Loop::Outcome Loop::commit_until(const std::stop_token& stop) {
  for (;;) {
    auto done = try_commit();
    if (!done && done.error().code == "in_doubt") done = settle_doubt(stop);
    if (done) return *done ? Outcome::kCommitted : Outcome::kFenced;
    const Error error = done.error();
    if (error.fault == Fault::kPoison && connection_) {
      auto found = consumer_.isolate(*connection_, error);
      if (found && *found) continue;
    }
    note(error);
    report_lag();  // it grows while the partition waits
    wait(stop);
    if (stop.stop_requested()) return Outcome::kStopped;
  }
}

// False: fenced.
Result<bool> Loop::try_commit() {
  if (Status ready = ensure_connected(); !ready) return ready.error();
  if (Status prepared = consumer_.prepare(*connection_); !prepared) return prepared.error();
  if (Status begun = connection_->begin(); !begun) return begun.error();
  auto ours = postgres::advance_positions(*connection_, consumer_.name(), advances_);
  if (!ours || !*ours) {
    connection_->rollback();
    return ours;
  }
  if (Status applied = consumer_.apply(*connection_); !applied) {
    connection_->rollback();
    return applied.error();
  }
  if (Status committed = connection_->commit(); !committed) return committed.error();
  return true;
}

// The connection was lost inside COMMIT: the position row tells. True: it was stored; an error: it was not,
// try again.
Result<bool> Loop::settle_doubt(const std::stop_token& stop) {
  meters_->in_doubt.add();
  for (;;) {
    Status ready = ensure_connected();
    if (ready && !advances_.empty()) {
      auto state = postgres::step_state(*connection_, consumer_.name(), advances_.front());
      if (state) {
        if (*state == postgres::StepState::kStored) return true;
        if (*state == postgres::StepState::kFenced) return false;
        return retryable("not_committed", "the connection was lost before COMMIT took effect; trying again");
      }
      ready = state.error();
    }
    if (!ready) note(ready.error());
    wait(stop);
    if (stop.stop_requested()) return retryable("stopped", "stopped while a COMMIT was in doubt");
  }
}

Status Loop::ensure_connected() {
  if (connection_ && connection_->broken()) connection_.reset();
  if (connection_) return ok_status();
  auto made = pg::Connection::connect(options_.postgres);
  if (!made) return made.error();
  if (Status prepared = consumer_.connected(*made); !prepared) return prepared;
  connection_.emplace(std::move(*made));
  return ok_status();
}

void Loop::note(const Error& error) {
  meters_->failures.add();
  trouble_.met(error);
  const std::lock_guard hold(health_mutex_);
  unhealthy_ = error;
}

Status Loop::healthy() const {
  const std::lock_guard hold(health_mutex_);
  if (unhealthy_) return *unhealthy_;
  if (!lost_.empty()) return fatal("position_lost", lost_);
  return ok_status();
}

void Loop::wait(const std::stop_token& stop) {
  const auto ceiling = std::min<std::chrono::milliseconds>(options_.backoff_max,
                                                           kBackoffFirst * (1LL << std::min(failures_, 16)));
  ++failures_;
  std::uniform_real_distribution<double> share(0.5, 1.0);
  pause(stop, std::chrono::duration_cast<std::chrono::microseconds>(ceiling * share(jitter_)));
}

void Loop::pause(const std::stop_token& stop, std::chrono::microseconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace plumbline::loop
