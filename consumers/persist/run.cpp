#include "consumers/persist/run.h"

namespace plumbline::persist {
namespace {

loop::Options loop_options(const config::Persist& options, const config::Postgres& postgres) {
  loop::Options made;
  made.batch_bytes_max = static_cast<std::size_t>(options.batch_bytes_max);
  made.poll_wait = options.poll_wait;
  made.backoff_max = options.backoff_max;
  made.postgres.conninfo = postgres.url;
  made.postgres.password = postgres.password;
  made.postgres.application_name = "plumbline persist";
  made.postgres.role = "plumbline_writer";
  return made;
}

}  // namespace

PersistRole::PersistRole(const config::Persist& options, const config::Postgres& postgres, log::Log& log,
                         const Clock& clock, telemetry::Metrics& metrics)
    : persist_(log, clock, metrics, static_cast<std::size_t>(options.batch_records_max)),
      loop_(persist_, log, clock, metrics, loop_options(options, postgres)) {}

PersistRole::~PersistRole() {
  stop();
}

void PersistRole::start() {
  if (thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { loop_.run(stop); });
}

void PersistRole::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

}  // namespace plumbline::persist
