#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "core/frame.h"
#include "core/telemetry/logging.h"
#include "sinks/postgres/outbox.h"

namespace plumbline::postgres {
namespace {

// How long one wait for a notification blocks a stop.
constexpr std::chrono::milliseconds kWaitSlice{100};

void wait(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

OutboxPublisher::OutboxPublisher(PublisherOptions options, log::Log& log, telemetry::Metrics& metrics)
    : options_(std::move(options)),
      log_(log),
      published_(metrics.counter("plumbline_outbox_published_total",
                                 "Records of tenants and keys published to keys.v1")),
      failures_(metrics.counter("plumbline_outbox_failures_total",
                                "Interruptions of the outbox: PostgreSQL or the log was down")) {
  options_.postgres.role = "plumbline_control";
  options_.postgres.application_name = "plumbline outbox";
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

OutboxPublisher::~OutboxPublisher() =
    default;  // thread_ is the last member: it is joined before what it uses goes

void OutboxPublisher::run(const std::stop_token& stop) {
  auto backoff = std::chrono::milliseconds(50);
  while (!stop.stop_requested()) {
    const std::uint64_t before = published_.value();
    const Status ended = session(stop);
    if (ended) continue;
    failures_.add();
    trouble_.met(ended.error());
    if (published_.value() != before) backoff = std::chrono::milliseconds(50);
    wait(stop, backoff);
    backoff = std::min(backoff * 2, options_.backoff_max);
  }
}

// One connection's life. Returns a Status that is ok only when a stop was asked for.
Status OutboxPublisher::session(const std::stop_token& stop) {
  auto made = pg::Connection::connect(options_.postgres);
  if (!made) return made.error();
  pg::Connection& connection = *made;
  for (;;) {  // stand by until this is the publisher
    auto locked = try_lock_publisher(connection);
    if (!locked) return locked.error();
    if (*locked) break;
    wait(stop, options_.poll);
    if (stop.stop_requested()) return ok_status();
  }
  if (Status listening = connection.execute("LISTEN plumbline_outbox"); !listening) return listening;
  if (Status filled = refill(connection); !filled) return filled;
  while (!stop.stop_requested()) {
    auto count = publish_outbox(connection, log_);
    if (!count) {
      in_doubt_ = in_doubt_ || connection.broken();
      return count.error();
    }
    published_.add(static_cast<std::uint64_t>(*count));
    trouble_.over();
    for (auto waited = std::chrono::milliseconds(0); waited < options_.poll; waited += kWaitSlice) {
      auto told = connection.wait_notification(static_cast<int>(kWaitSlice.count()));
      if (!told) return told.error();
      if (*told || stop.stop_requested()) break;
    }
  }
  return ok_status();
}

// Publishes everything again when the topic is empty, and when this process lost its lock in the middle of a
// batch: what it wrote last may then be an older version behind a newer one, which compaction would keep.
Status OutboxPublisher::refill(pg::Connection& connection) {
  auto marks = log_.watermarks({std::string(frame::kKeysTopic), 0});
  if (!marks) return marks.error();
  if (marks->high > 0 && !in_doubt_) return ok_status();
  auto queued = enqueue_all(connection);
  if (!queued) return queued.error();
  in_doubt_ = false;
  telemetry::info("outbox_refills_keys", {{"records", *queued}});
  return ok_status();
}

}  // namespace plumbline::postgres
