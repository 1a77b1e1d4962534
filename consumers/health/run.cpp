#include "consumers/health/run.h"

#include <condition_variable>

#include "core/telemetry/trouble.h"

namespace plumbline::health {
namespace {

using namespace std::chrono_literals;

// Health is read by people: a transaction a quarter of a second is fresh enough, and each then holds many
// lines.
constexpr std::chrono::milliseconds kRest = 250ms;
// Pause when nothing is due: late lines are rare, and asking costs an index look-up.
constexpr std::chrono::milliseconds kSettlePause = 500ms;

pg::ConnectOptions connection_of(const config::Postgres& postgres, const char* name) {
  pg::ConnectOptions made;
  made.conninfo = postgres.url;
  made.password = postgres.password;
  made.application_name = name;
  made.role = "plumbline_writer";
  return made;
}

loop::Options loop_options(const config::Health& options, const config::Postgres& postgres, int member) {
  loop::Options made;
  made.member = member;
  made.batch_bytes_max = static_cast<std::size_t>(options.batch_bytes_max);
  made.poll_wait = options.poll_wait;
  made.backoff_max = options.backoff_max;
  made.rest = kRest;
  made.postgres = connection_of(postgres, "plumbline health");
  return made;
}

}  // namespace

HealthRole::Member::Member(const config::Health& options, const config::Postgres& postgres, log::Log& log,
                           const Clock& clock, telemetry::Metrics& metrics, std::size_t window_lines,
                           int number)
    : health(clock, metrics, static_cast<std::size_t>(options.batch_records_max), window_lines, number),
      loop(health, log, clock, metrics, loop_options(options, postgres, number)) {}

HealthRole::HealthRole(const config::Health& options, const config::Postgres& postgres, log::Log& log,
                       const Clock& clock, telemetry::Metrics& metrics, std::size_t window_lines)
    : settler_(connection_of(postgres, "plumbline health settle"), metrics) {
  const std::size_t share = window_lines / static_cast<std::size_t>(options.threads);
  for (std::int32_t number = 0; number < options.threads; ++number)
    members_.push_back(std::make_unique<Member>(options, postgres, log, clock, metrics, share, number));
}

HealthRole::~HealthRole() {
  stop();
}

void HealthRole::start() {
  if (settling_.joinable()) return;
  for (const auto& member : members_) {
    member->thread = std::jthread([&loop = member->loop](const std::stop_token& stop) { loop.run(stop); });
  }
  settling_ = std::jthread([this](const std::stop_token& stop) { run_settler(stop); });
}

void HealthRole::stop() {
  if (!settling_.joinable()) return;
  settling_.request_stop();
  for (const auto& member : members_) member->thread.request_stop();
  settling_.join();
  for (const auto& member : members_) member->thread.join();
}

Status HealthRole::healthy() const {
  for (const auto& member : members_) {
    if (Status reading = member->loop.healthy(); !reading) return reading;
  }
  const std::lock_guard hold(mutex_);
  if (unsettled_) return *unsettled_;
  return ok_status();
}

void HealthRole::run_settler(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  telemetry::Trouble trouble("health_unsettled");
  while (!stop.stop_requested()) {
    const auto done = settler_.step();
    {
      const std::lock_guard hold(mutex_);
      unsettled_.reset();
      if (!done) unsettled_ = done.error();
    }
    if (done) {
      trouble.over();
    } else {
      trouble.met(done.error());
    }
    if (done && *done > 0) continue;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kSettlePause, [] { return false; });
  }
}

}  // namespace plumbline::health
