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
    : sweeper_(loop_options(options, postgres).postgres, options.retention_interval, clock, metrics) {
  for (std::int32_t number = 0; number < options.threads; ++number) {
    loop::Options made = loop_options(options, postgres);
    made.member = number;
    members_.push_back(std::make_unique<Member>(options, log, clock, metrics, std::move(made)));
  }
}

PersistRole::~PersistRole() {
  stop();
}

void PersistRole::start() {
  for (const auto& member : members_) {
    if (member->thread.joinable()) continue;
    member->thread = std::jthread([&loop = member->loop](const std::stop_token& stop) { loop.run(stop); });
  }
  sweeper_.start();
}

void PersistRole::stop() {
  sweeper_.request_stop();
  for (const auto& member : members_) member->thread.request_stop();
  for (const auto& member : members_) {
    if (member->thread.joinable()) member->thread.join();
  }
  sweeper_.stop();
}

Status PersistRole::healthy() const {
  for (const auto& member : members_) {
    if (Status well = member->loop.healthy(); !well) return well;
  }
  return ok_status();
}

}  // namespace plumbline::persist
