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

loop::Options loop_options(const config::Drift& options, const config::Postgres& postgres) {
  loop::Options made;
  made.batch_bytes_max = static_cast<std::size_t>(options.batch_bytes_max);
  made.poll_wait = options.poll_wait;
  made.backoff_max = options.backoff_max;
  made.postgres = connect_options(postgres, "plumbline drift");
  return made;
}

DriftOptions drift_options(const config::Drift& options) {
  return {static_cast<std::size_t>(options.batch_records_max), options.flap_window, options.notify_age_max};
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

DriftRole::DriftRole(const config::Drift& options, const config::Postgres& postgres, log::Log& log,
                     const Clock& clock, telemetry::Metrics& metrics)
    : publisher_(connect_options(postgres, "plumbline drift outbox"), log, clock, metrics),
      drift_(log, clock, metrics, drift_options(options),
             [this](const std::set<std::int16_t>& lanes) { publisher_.wake(lanes); }),
      loop_(drift_, log, clock, metrics, loop_options(options, postgres)),
      watch_(connect_options(postgres, "plumbline drift watch"), log, clock, watch_options(options),
             [this](const std::set<std::int16_t>& lanes) { publisher_.wake(lanes); }) {}

DriftRole::~DriftRole() {
  stop();
}

void DriftRole::start() {
  if (loop_thread_.joinable()) return;
  publisher_thread_ = std::jthread([this](const std::stop_token& stop) { publisher_.run(stop); });
  loop_thread_ = std::jthread([this](const std::stop_token& stop) { loop_.run(stop); });
  watch_thread_ = std::jthread([this](const std::stop_token& stop) { watch_.run(stop); });
}

void DriftRole::stop() {
  if (!loop_thread_.joinable()) return;
  watch_thread_.request_stop();
  loop_thread_.request_stop();
  loop_thread_.join();
  watch_thread_.join();
  publisher_thread_.request_stop();
  publisher_thread_.join();
  (void)publisher_.turn(false);  // what fails here is published by the next process
}

Status DriftRole::healthy() const {
  if (Status loop = loop_.healthy(); !loop) return loop;
  return publisher_.healthy();
}

Result<std::size_t> DriftRole::step(const std::stop_token& stop) {
  auto done = loop_.step(stop);
  if (!done) return done;
  if (auto published = publisher_.turn(true); !published) return published.error();
  return done;
}

}  // namespace plumbline::drift
