#include "consumers/drift/publisher.h"

#include <array>
#include <string>

#include "core/frame.h"
#include "core/telemetry/logging.h"

namespace plumbline::drift {
namespace {

constexpr std::chrono::milliseconds kLookAround{2000};  // for what a crash left behind
constexpr std::chrono::milliseconds kBusyLane{10};      // another process publishes it: it is soon done
constexpr std::chrono::milliseconds kBackoffFirst{50};
constexpr std::chrono::milliseconds kBackoffMax{2000};
constexpr std::chrono::seconds kAckWaitMax{60};  // longer than a delivery time-out: the log answers itself

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
  std::set<std::int16_t> left = lanes;
  if (everywhere) {
    auto waiting = postgres::waiting_drift_lanes(*connection_);
    if (waiting) {
      lanes.insert(waiting->begin(), waiting->end());
    } else {
      ready = waiting.error();
    }
  }
  std::size_t total = 0;
  for (const std::int16_t lane : lanes) {
    if (!ready) break;
    bool busy = false;
    auto done = publish_lane(lane, &busy);
    if (!done) {
      ready = done.error();
      break;
    }
    total += *done;
    if (!busy) left.erase(lane);
  }
  note(ready);
  wake(left);
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

Result<std::size_t> Publisher::publish_lane(std::int16_t lane, bool* busy) {
  std::size_t total = 0;
  for (;;) {
    if (Status begun = connection_->begin(); !begun) return begun.error();
    const auto fail = [&](const Error& error) {
      connection_->rollback();
      return error;
    };
    auto locked = postgres::try_lock_drift_lane(*connection_, lane);
    if (!locked) return fail(locked.error());
    *busy = !*locked;
    if (*busy) {
      connection_->rollback();
      return total;
    }
    auto rows = postgres::drift_outbox(*connection_, lane);
    if (!rows) return fail(rows.error());
    // One event of each key at a time: the next one leaves when the log has it.
    std::vector<const postgres::DriftOutboxRow*> left;
    for (const postgres::DriftOutboxRow& row : *rows) left.push_back(&row);
    std::vector<std::int64_t> published;
    bool whole = true;
    while (!left.empty() && whole) {
      std::set<std::string_view> keys;
      std::vector<const postgres::DriftOutboxRow*> wave, later;
      for (const postgres::DriftOutboxRow* row : left)
        (keys.insert(row->key).second ? wave : later).push_back(row);
      const std::size_t before = published.size();
      if (Status sent = publish_wave(wave, published); !sent) return fail(sent.error());
      whole = published.size() - before == wave.size();
      left = std::move(later);
    }
    if (!published.empty()) {
      const Status marked = postgres::mark_drift_published(*connection_, lane, published, clock_.now());
      if (!marked) return fail(marked.error());
    }
    published_.add(published.size());
    total += published.size();
    if (!whole) {
      if (Status kept = connection_->commit(); !kept) return kept.error();
      producer_.reset();  // waits for what is still under way
      return retryable("drift_outbox", "drift.v1 did not take all events durably; they are tried again");
    }
    // Who adds one meanwhile wakes the lane after that.
    const bool more = rows->size() == postgres::kDriftOutboxMost;
    if (Status done = connection_->commit(); !done) return done.error();
    if (!more) return total;
  }
}

Status Publisher::publish_wave(std::span<const postgres::DriftOutboxRow* const> wave,
                               std::vector<std::int64_t>& done) {
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
  for (const postgres::DriftOutboxRow* row : wave) append(*row, next_token_++, topic->partitions);
  std::unique_lock hold(acks_mutex_);
  acked_.wait_for(hold, kAckWaitMax, [&] { return answered_ == wave.size(); });
  for (std::size_t i = 0; i < wave.size(); ++i) {
    if (durable_.contains(first + i)) done.push_back(wave[i]->seq);
  }
  return ok_status();
}

void Publisher::append(const postgres::DriftOutboxRow& row, std::uint64_t token, std::int32_t partitions) {
  const std::string type = "dev.plumbline." + row.type;
  const std::string time = format_rfc3339(row.time);
  const std::array<log::Header, 7> headers{{{frame::kCeSpecVersion, "1.0"},
                                            {frame::kCeId, row.id},
                                            {frame::kCeType, type},
                                            {frame::kCeSource, "/drift"},
                                            {frame::kCeTime, time},
                                            {frame::kContentType, "application/json"},
                                            {frame::kTenant, row.tenant}}};
  log::Record record;
  record.topic = frame::kDriftTopic;
  record.partition = log::partition_of(row.key, partitions);
  record.key = row.key;
  record.value = row.body;
  record.headers = headers;
  record.timestamp_ms = clock_.now().value / 1000;
  producer_->append(record, token);
  producer_->submit();  // what is borrowed goes out of scope here
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
    return;
  }
  failures_.add();
  telemetry::warn("drift_publish_failed", {{"code", std::string_view(status.error().code)},
                                           {"message", std::string_view(status.error().message)}});
  unhealthy_ = status.error();
}

Status Publisher::healthy() const {
  const std::lock_guard hold(mutex_);
  if (unhealthy_) return *unhealthy_;
  return ok_status();
}

}  // namespace plumbline::drift
