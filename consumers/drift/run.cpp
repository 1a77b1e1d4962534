#include "consumers/drift/run.h"

namespace plumbline::drift {
namespace {

pg::ConnectOptions connect_options(const config::Postgres& postgres, const char* name) {
  pg::ConnectOptions made;
  made.conninfo = postgres.url;
  made.password = postgres.password;
  made.application_name = name;
  made.role = "plumbline_writer";
  return made;
}

loop::Options loop_options(const config::Drift& options, const config::Postgres& postgres, int member) {
  loop::Options made;
  made.member = member;
  made.batch_bytes_max = static_cast<std::size_t>(options.batch_bytes_max);
  made.poll_wait = options.poll_wait;
  made.backoff_max = options.backoff_max;
  made.postgres = connect_options(postgres, "plumbline drift");
  return made;
}

DriftOptions drift_options(const config::Drift& options) {
  return {static_cast<std::size_t>(options.batch_records_max),
          kCacheMax / static_cast<std::size_t>(options.threads), options.flap_window, options.notify_age_max};
}

WatchOptions watch_options(const config::Drift& options) {
  WatchOptions made;
  made.silence_min = options.silence_min;
  made.silence_max = options.silence_max;
  made.notify_age_max = options.notify_age_max;
  made.history = options.history;
  made.interval = options.watch_interval;
  return made;
}

}  // namespace

DriftRole::Member::Member(const config::Drift& options, const config::Postgres& postgres, log::Log& log,
                          const Clock& clock, telemetry::Metrics& metrics, Publisher& publisher, int number)
    : drift(log, clock, metrics, drift_options(options),
            [&publisher](const std::set<std::int16_t>& lanes) { publisher.wake(lanes); }),
      loop(drift, log, clock, metrics, loop_options(options, postgres, number)) {}

DriftRole::DriftRole(const config::Drift& options, const config::Postgres& postgres, log::Log& log,
                     const Clock& clock, telemetry::Metrics& metrics)
    : publisher_(connect_options(postgres, "plumbline drift outbox"), log, clock, metrics),
      watch_(connect_options(postgres, "plumbline drift watch"), log, clock, watch_options(options),
             [this](const std::set<std::int16_t>& lanes) { publisher_.wake(lanes); }) {
  for (std::int32_t number = 0; number < options.threads; ++number)
    members_.push_back(std::make_unique<Member>(options, postgres, log, clock, metrics, publisher_, number));
}

DriftRole::~DriftRole() {
  stop();
}

void DriftRole::start() {
  if (publisher_thread_.joinable()) return;
  publisher_thread_ = std::jthread([this](const std::stop_token& stop) { publisher_.run(stop); });
  for (const auto& member : members_) {
    member->thread = std::jthread([&loop = member->loop](const std::stop_token& stop) { loop.run(stop); });
  }
  watch_thread_ = std::jthread([this](const std::stop_token& stop) { watch_.run(stop); });
}

void DriftRole::stop() {
  if (!publisher_thread_.joinable()) return;
  const auto join = [](std::jthread& thread) {  // a start that failed halfway has not begun them all
    if (thread.joinable()) thread.join();
  };
  watch_thread_.request_stop();
  for (const auto& member : members_) member->thread.request_stop();
  for (const auto& member : members_) join(member->thread);
  join(watch_thread_);
  publisher_thread_.request_stop();
  publisher_thread_.join();
  (void)publisher_.turn(false);  // what fails here is published by the next process
}

Status DriftRole::healthy() const {
  for (const auto& member : members_) {
    if (Status reading = member->loop.healthy(); !reading) return reading;
  }
  return publisher_.healthy();
}

Result<std::size_t> DriftRole::consume(std::size_t member, const std::stop_token& stop) {
  return members_.at(member)->loop.step(stop);
}

Result<std::size_t> DriftRole::step(const std::stop_token& stop) {
  auto done = consume(0, stop);
  if (!done) return done;
  if (auto published = publish(); !published) return published.error();
  return done;
}

}  // namespace plumbline::drift
