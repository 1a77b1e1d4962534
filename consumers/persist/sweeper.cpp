#include "consumers/persist/sweeper.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "core/telemetry/logging.h"

namespace plumbline::persist {
namespace {

using namespace std::chrono_literals;

// After a start there is other work first; and what an hour would be too late for, a minute is not.
constexpr std::chrono::milliseconds kFirstPause = 60s;
// A floor was just raised, or somebody was in the way: the days' tables are in use for moments.
constexpr std::chrono::milliseconds kMorePause = 60s;

telemetry::Counter& removed(telemetry::Metrics& metrics, const char* what) {
  return metrics.counter("plumbline_persist_removed_total",
                         "Rows removed because of their age, beside days that were dropped whole",
                         {{"rows", what}});
}

}  // namespace

Sweeper::Sweeper(pg::ConnectOptions postgres, std::chrono::milliseconds interval, const Clock& clock,
                 telemetry::Metrics& metrics)
    : postgres_(std::move(postgres)),
      interval_(interval),
      clock_(clock),
      traces_(removed(metrics, "traces")),
      reports_(removed(metrics, "reports")),
      dead_letters_(removed(metrics, "dead_letters")),
      days_(metrics.counter("plumbline_persist_days_dropped_total",
                            "Days of traces that were older than the retention of every tenant")),
      failures_(metrics.counter("plumbline_persist_sweep_failures_total",
                                "Removals by age that failed; the next one goes on")) {
  postgres_.application_name = "plumbline persist retention";
}

Sweeper::~Sweeper() {
  stop();
}

void Sweeper::start() {
  if (interval_.count() == 0 || thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Sweeper::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Result<postgres::Removed> Sweeper::sweep(const std::stop_token& stop) {
  auto connection = pg::Connection::connect(postgres_);
  if (!connection) return connection.error();
  auto done = postgres::remove_expired(*connection, clock_.now(), stop);
  if (!done) return done;
  traces_.add(static_cast<std::uint64_t>(done->traces));
  reports_.add(static_cast<std::uint64_t>(done->reports));
  dead_letters_.add(static_cast<std::uint64_t>(done->dead_letters));
  days_.add(done->days.size());
  for (const std::string& day : done->days)
    telemetry::info("retention_day_dropped", {{"table", std::string_view(day)}});
  if (done->traces + done->reports + done->dead_letters > 0) {
    telemetry::info(
        "retention_rows_removed",
        {{"traces", done->traces}, {"reports", done->reports}, {"dead_letters", done->dead_letters}});
  }
  if (done->failed) return *done->failed;
  return done;
}

void Sweeper::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  auto pause = std::min(interval_, kFirstPause);
  while (true) {
    {
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, pause, [] { return false; });
    }
    if (stop.stop_requested()) return;
    const auto done = sweep(stop);
    pause = interval_;
    if (done) {
      if (done->more) pause = std::min(interval_, kMorePause);
      continue;
    }
    failures_.add();
    telemetry::warn("retention_sweep_failed", {{"code", std::string_view(done.error().code)},
                                               {"message", std::string_view(done.error().message)}});
  }
}

}  // namespace plumbline::persist
