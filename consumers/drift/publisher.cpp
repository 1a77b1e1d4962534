#include "consumers/drift/publisher.h"

#include <array>
#include <map>
#include <string>

#include "core/frame.h"

namespace plumbline::drift {
namespace {

constexpr std::chrono::milliseconds kLookAround{2000};  // for what a crash left behind
constexpr std::chrono::milliseconds kBusyLane{10};      // another process publishes it: it is soon done
constexpr std::chrono::milliseconds kBackoffFirst{50};
constexpr std::chrono::milliseconds kBackoffMax{2000};
// Nothing is asked of PostgreSQL between reading and marking, and it ends a session that rests for 15 s
// inside a transaction (core/pg/connection.cpp): no wave begins after the one, none is waited for beyond the
// other.
constexpr std::chrono::seconds kWavesMax{2};
constexpr std::chrono::seconds kAckWaitMax{12};

}  // namespace

Publisher::Publisher(pg::ConnectOptions postgres, log::Log& log, const Clock& clock,
                     telemetry::Metrics& metrics)
    : postgres_(std::move(postgres)),
      log_(log),
      clock_(clock),
      published_(metrics.counter("plumbline_drift_published_total", "Events published to drift.v1")),
      failures_(metrics.counter("plumbline_drift_publish_failures_total",
                                "Attempts to publish that failed and were backed off")) {}

Publisher::~Publisher() = default;

void Publisher::wake(const std::set<std::int16_t>& lanes) {
  const std::lock_guard hold(mutex_);
  lanes_.insert(lanes.begin(), lanes.end());
  woken_.notify_all();
}

void Publisher::run(const std::stop_token& stop) {
  std::chrono::milliseconds pause{0};
  std::chrono::milliseconds backoff = kBackoffFirst;
  auto looked_at = clock_.monotonic() - kLookAround;
  while (!stop.stop_requested()) {
    {
      std::unique_lock hold(mutex_);
      const bool busy = pause.count() > 0;
      woken_.wait_for(hold, stop, busy ? pause : kLookAround, [&] { return !busy && !lanes_.empty(); });
    }
    if (stop.stop_requested()) break;
    const bool everywhere = clock_.monotonic() - looked_at >= kLookAround;
    if (everywhere) looked_at = clock_.monotonic();
    auto done = turn(everywhere);
    if (done) {
      backoff = kBackoffFirst;
      const std::lock_guard hold(mutex_);
      pause = lanes_.empty() ? std::chrono::milliseconds{0} : kBusyLane;
    } else {
      std::uniform_real_distribution<double> share(0.5, 1.0);
      pause = std::chrono::milliseconds(
          static_cast<std::int64_t>(static_cast<double>(backoff.count()) * share(jitter_)));
      backoff = std::min(backoff * 2, kBackoffMax);
    }
  }
}

Result<std::size_t> Publisher::turn(bool everywhere) {
  Status ready = ensure_ready();
  if (!ready) {
    note(ready);
    return ready.error();
  }
  std::set<std::int16_t> lanes;
  {
    const std::lock_guard hold(mutex_);
    lanes.swap(lanes_);
  }
  const std::set<std::int16_t> woken = lanes;
  std::set<std::int16_t> busy;
  if (everywhere) {
    auto waiting = postgres::waiting_drift_lanes(*connection_);
    if (waiting) {
      lanes.insert(waiting->begin(), waiting->end());
    } else {
      ready = waiting.error();
    }
  }
  std::size_t total = 0;
  while (ready && !lanes.empty()) {
    auto done = publish_some(lanes, busy);
    if (done) {
      total += *done;
    } else {
      ready = done.error();
    }
  }
  note(ready);
  // What was only found by looking around is looked for again.
  lanes.merge(busy);
  std::erase_if(lanes, [&](std::int16_t lane) { return !woken.contains(lane); });
  wake(lanes);
  if (!ready) return ready.error();
  return total;
}

Status Publisher::ensure_ready() {
  if (connection_ && connection_->broken()) connection_.reset();
  if (connection_) return ok_status();
  auto made = pg::Connection::connect(postgres_);
  if (!made) return made.error();
  connection_.emplace(std::move(*made));
  return ok_status();
}

Result<std::size_t> Publisher::publish_some(std::set<std::int16_t>& lanes, std::set<std::int16_t>& busy) {
  if (Status begun = connection_->begin(); !begun) return begun.error();
  const auto fail = [&](const Error& error) {
    connection_->rollback();
    return error;
  };
  const std::vector<std::int16_t> asked(lanes.begin(), lanes.end());
  auto locked = postgres::lock_drift_lanes(*connection_, asked);
  if (!locked) return fail(locked.error());
  auto rows = postgres::drift_outbox(*connection_, *locked);
  if (!rows) return fail(rows.error());
  // One event of each key at a time: the next one leaves when the log has it.
  Rows left, published;
  for (const postgres::DriftOutboxRow& row : *rows) left.push_back(&row);
  bool whole = true;
  Status sent = ok_status();
  const auto until = clock_.monotonic() + kWavesMax;
  while (!left.empty() && whole && sent && clock_.monotonic() < until) {
    std::set<std::string_view> keys;
    Rows wave, later;
    for (const postgres::DriftOutboxRow* row : left)
      (keys.insert(row->key).second ? wave : later).push_back(row);
    const std::size_t before = published.size();
    sent = publish_wave(wave, published);
    whole = published.size() - before == wave.size();
    left = std::move(later);
  }
  if (Status marked = postgres::mark_drift_published(*connection_, published, clock_.now()); !marked)
    return fail(marked.error());
  if (Status kept = connection_->commit(); !kept) return kept.error();
  published_.add(published.size());
  // What left in an earlier wave is marked also when a later one could not begin.
  if (!sent) return sent.error();
  if (!whole) {
    producer_.reset();  // waits for what is still under way
    return retryable("drift_outbox", "drift.v1 did not take all events durably; they are tried again");
  }
  // Who adds one meanwhile wakes the lane after that; one that gave its whole share may have more, and so has
  // one that time was too short for.
  std::map<std::int16_t, std::size_t> taken;
  for (const postgres::DriftOutboxRow& row : *rows) ++taken[row.lane];
  busy.merge(lanes);
  for (const std::int16_t lane : *locked) {
    busy.erase(lane);
    if (taken[lane] == postgres::drift_outbox_share(locked->size())) lanes.insert(lane);
  }
  for (const postgres::DriftOutboxRow* row : left) lanes.insert(row->lane);
  return published.size();
}

Status Publisher::publish_wave(const Rows& wave, Rows& done) {
  auto topic = log_.topic(frame::kDriftTopic);
  if (!topic) return topic.error();
  if (!producer_) {
    auto made = log_.producer(*this);
    if (!made) return made.error();
    producer_ = std::move(*made);
  }
  std::uint64_t first = 0;
  {
    const std::lock_guard hold(acks_mutex_);
    first = first_token_ = next_token_;
    answered_ = 0;
    durable_.clear();
  }
  // What a record borrows lives until it is handed over.
  struct Outgoing {
    std::string type, time;
    std::array<log::Header, 7> headers;
  };
  std::vector<Outgoing> outgoing(wave.size());
  for (std::size_t i = 0; i < wave.size(); ++i) {
    const postgres::DriftOutboxRow& row = *wave[i];
    Outgoing& out = outgoing[i];
    out.type = "dev.plumbline." + row.type;
    out.time = format_rfc3339(row.time);
    out.headers = {{{frame::kCeSpecVersion, "1.0"},
                    {frame::kCeId, row.id},
                    {frame::kCeType, out.type},
                    {frame::kCeSource, "/drift"},
                    {frame::kCeTime, out.time},
                    {frame::kContentType, "application/json"},
                    {frame::kTenant, row.tenant}}};
    log::Record record;
    record.topic = frame::kDriftTopic;
    record.partition = log::partition_of(row.key, topic->partitions);
    record.key = row.key;
    record.value = row.body;
    record.headers = out.headers;
    record.timestamp_ms = clock_.now().value / 1000;
    producer_->append(record, next_token_++);
  }
  producer_->submit();
  std::unique_lock hold(acks_mutex_);
  acked_.wait_for(hold, kAckWaitMax, [&] { return answered_ == wave.size(); });
  for (std::size_t i = 0; i < wave.size(); ++i) {
    if (durable_.contains(first + i)) done.push_back(wave[i]);
  }
  return ok_status();
}

void Publisher::on_acks(std::span<const log::Ack> acks) noexcept {
  const std::lock_guard hold(acks_mutex_);
  for (const log::Ack& ack : acks) {
    if (ack.token < first_token_) continue;
    ++answered_;
    if (ack.status == log::Ack::Status::kDurable) durable_.insert(ack.token);
  }
  acked_.notify_all();
}

void Publisher::note(const Status& status) {
  const std::lock_guard hold(mutex_);
  if (status) {
    unhealthy_.reset();
    return trouble_.over();
  }
  failures_.add();
  trouble_.met(status.error());
  unhealthy_ = status.error();
}

Status Publisher::healthy() const {
  const std::lock_guard hold(mutex_);
  if (unhealthy_) return *unhealthy_;
  return ok_status();
}

}  // namespace plumbline::drift
