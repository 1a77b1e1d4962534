#include "apps/plumbline/serve.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "apps/plumbline/admin.h"
#include "apps/plumbline/command.h"
#include "apps/plumbline/confine.h"
#include "apps/plumbline/control.h"
#include "console/api/console.h"
#include "consumers/drift/run.h"
#include "consumers/health/run.h"
#include "consumers/notify/run.h"
#include "consumers/persist/run.h"
#include "core/frame.h"
#include "core/keys/keyring.h"
#include "core/limits.h"
#include "core/log/open/open_log.h"
#include "core/pg/migrate.h"
#include "core/telemetry/logging.h"
#include "producers/edge/edge.h"
#include "sinks/postgres/outbox.h"

namespace plumbline::app {
namespace {

constexpr std::chrono::milliseconds kRetryFirst{100};
constexpr std::chrono::milliseconds kRetryMax{5000};

// Tries until it succeeds, fails for good or `stop` is requested. Says each new reason once.
template <class Try>
Status until_done(std::string_view what, const std::stop_token& stop, Try attempt) {
  std::string last;
  for (auto pause = kRetryFirst; !stop.stop_requested(); pause = std::min(pause * 2, kRetryMax)) {
    const Status done = attempt();
    if (done || done.error().fault != Fault::kRetryable) return done;
    if (done.error().message != last)
      telemetry::warn("waiting", {{"what", what}, {"reason", std::string_view(done.error().message)}});
    last = done.error().message;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop, pause, [] { return false; });
  }
  return retryable("stopped", "stopped while waiting for " + std::string(what));
}

std::vector<log::TopicSpec> topic_specs(const config::Config& config) {
  std::vector<log::TopicSpec> specs;
  const auto replication = static_cast<std::int16_t>(config.kafka.replication);
  for (const auto name : {frame::kTracesTopic, frame::kReportsTopic, frame::kDeadTopic, frame::kOutcomesTopic,
                          frame::kDriftTopic}) {
    specs.push_back({.name = std::string(name),
                     .partitions = config.topics.partitions,
                     .compacted = false,
                     .retention = config.topics.retention,
                     .retention_bytes = config.topics.retention_bytes,
                     .record_bytes_max = static_cast<std::int64_t>(limits::kRecordBytesMax),
                     .replication = replication});
  }
  specs.push_back({.name = std::string(frame::kKeysTopic),
                   .partitions = 1,
                   .compacted = true,
                   .retention = {},
                   .retention_bytes = -1,
                   .record_bytes_max = 1 << 20,
                   .replication = replication});
  return specs;
}

// A consumer role, whatever its class: they share start, stop and healthy.
class Running {
 public:
  virtual ~Running() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  [[nodiscard]] virtual Status healthy() const = 0;
};

template <class Role>
class RunningRole final : public Running {
 public:
  template <class... Arguments>
  explicit RunningRole(Arguments&&... arguments) : role_(std::forward<Arguments>(arguments)...) {}
  void start() override { role_.start(); }
  void stop() override { role_.stop(); }
  [[nodiscard]] Status healthy() const override { return role_.healthy(); }

 private:
  Role role_;
};

// What the console tells clients of the edge, where nobody said it: only what is certainly true of them.
config::Console console_of(const config::Config& config) {
  config::Console console = config.console;
  const std::string_view listen = config.edge.listen;
  const bool loopback =
      listen.starts_with("127.") || listen.starts_with("[::1]:") || listen.starts_with("localhost:");
  if (console.edge_url.empty() && loopback)
    console.edge_url = (config.edge.tls_cert_file.empty() ? "http://" : "https://") + config.edge.listen;
  return console;
}

// Everything of one process, in the order of construction; torn down the other way round.
class Server {
 public:
  Server(const config::Config& config, Roles roles)
      : config_(config), console_config_(console_of(config)), roles_(roles) {}

  Status start(const std::stop_token& stop);
  void reload() {
    if (edge_) (void)edge_->reload_tls().ok();  // the edge says itself what was wrong; the old pair stays
    if (console_) (void)console_->reload_tls().ok();
  }
  bool drain();
  // A role that ended for good after the start; empty while all is well.
  [[nodiscard]] const std::atomic<bool>& failed() const { return failed_; }

 private:
  void behind(const std::stop_token& stop);
  Status make_topics();
  Status migrate();
  void start_consumers();
  [[nodiscard]] Status consumers_healthy() const;

  const config::Config& config_;
  const config::Console console_config_;
  Roles roles_;
  SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::unique_ptr<edge::Edge> edge_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<console::Console> console_;
  std::unique_ptr<postgres::OutboxPublisher> publisher_;
  std::vector<std::unique_ptr<Running>> consumers_;
  std::atomic<bool> consumers_started_{false};
  std::atomic<bool> failed_{false};
  std::jthread behind_;  // last: ends first
};

Status Server::make_topics() {
  for (const log::TopicSpec& spec : topic_specs(config_)) {
    if (auto made = log_->ensure_topic(spec); !made) return made;
  }
  return ok_status();
}

Status Server::migrate() {
  auto connection = connect(config_, "");
  if (!connection) return connection.error();
  auto report = pg::migrate(*connection);
  if (!report) return report.error();
  for (const std::string& name : report->applied)
    telemetry::info("migrated", {{"file", std::string_view(name)}});
  return ok_status();
}

// What may take long or wait for others: the edge listens meanwhile and says "not ready".
void Server::behind(const std::stop_token& stop) {
  const auto give_up = [this, &stop](std::string_view what, const Status& failed) {
    if (stop.stop_requested()) return;
    telemetry::error("gave_up", {{"what", what}, {"reason", std::string_view(failed.error().message)}});
    failed_ = true;
    ::kill(::getpid(), SIGTERM);  // the main thread drains and leaves with a failure
  };
  if (auto topics = until_done("the log's topics", stop, [this] { return make_topics(); }); !topics)
    return give_up("topics", topics);
  if (!roles_.consumes()) return;
  if (roles_.migrate) {
    if (auto done = until_done("PostgreSQL", stop, [this] { return migrate(); }); !done)
      return give_up("migrations", done);
  }
  start_consumers();
}

void Server::start_consumers() {
  const auto add = [this](auto role) { consumers_.push_back(std::move(role)); };
  const config::Postgres& postgres = config_.postgres;
  if (roles_.persist) {
    publisher_ = std::make_unique<postgres::OutboxPublisher>(
        postgres::PublisherOptions{.postgres = postgres_options(config_, "plumbline_control")}, *log_,
        metrics_);
    add(std::make_unique<RunningRole<persist::PersistRole>>(config_.persist, postgres, *log_, clock_,
                                                            metrics_));
  }
  if (roles_.health)
    add(std::make_unique<RunningRole<health::HealthRole>>(config_.health, postgres, *log_, clock_, metrics_));
  if (roles_.drift)
    add(std::make_unique<RunningRole<drift::DriftRole>>(config_.drift, postgres, *log_, clock_, metrics_));
  if (roles_.notify) {
    add(std::make_unique<RunningRole<notify::NotifyRole>>(config_.notify, postgres, config_.keys, *log_,
                                                          clock_, metrics_));
  }
  for (const auto& consumer : consumers_) consumer->start();
  consumers_started_.store(true, std::memory_order_release);
}

Status Server::consumers_healthy() const {
  if (!consumers_started_.load(std::memory_order_acquire))
    return retryable("starting", "the role is starting");
  for (const auto& consumer : consumers_) {
    if (auto healthy = consumer->healthy(); !healthy) return healthy;
  }
  return ok_status();
}

Status Server::start(const std::stop_token& stop) {
  const auto access = roles_.edge ? log::Access::kOwner : log::Access::kClient;
  auto opened = until_done("the log", stop, [&]() -> Status {
    auto made = log::open_log(config_, access);
    if (!made) return made.error();
    log_ = std::move(made).value();
    return ok_status();
  });
  if (!opened) return opened;
  if (roles_.edge) {
    auto sealer = crypto::Sealer::from_text(config_.keys.master_key);
    if (!sealer) return sealer.error();
    keyring_ = std::make_unique<keys::Keyring>(*log_, std::move(sealer).value(), metrics_);
    edge_ = std::make_unique<edge::Edge>(config_.edge, *log_, *keyring_, clock_, metrics_);
    if (auto listening = edge_->start(); !listening) return listening;
    telemetry::info("edge_listens", {{"address", std::string_view(config_.edge.listen)}});
  } else if (roles_.consumes()) {
    admin_ = std::make_unique<Admin>(
        roles_.admin_listen(config_), [this] { return consumers_healthy(); }, metrics_);
    if (auto listening = admin_->start(); !listening) return listening;
  }
  if (roles_.console) {
    console_ = std::make_unique<console::Console>(console_config_, config_.postgres, config_.keys, log_.get(),
                                                  clock_, metrics_, console::assets());
    if (auto listening = console_->start(); !listening) return listening;
    telemetry::info("console_listens", {{"address", std::string_view(config_.console.listen)}});
  }
  behind_ = std::jthread([this](const std::stop_token& token) { behind(token); });
  return ok_status();
}

bool Server::drain() {
  behind_.request_stop();
  if (behind_.joinable()) behind_.join();
  const bool clean = !edge_ || edge_->drain();
  for (const auto& consumer : consumers_) consumer->stop();
  publisher_.reset();
  if (console_) console_->stop();
  if (admin_) admin_->stop();
  return clean;
}

}  // namespace

int serve(const config::Loaded& loaded, Roles roles) {
  if (auto confined = deny_exec(); !confined) return fail(confined.error());
  // Blocked before any thread starts, so that only the wait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Server server(loaded.config, roles);
  std::stop_source stop;
  // While the start waits for something, a signal ends the wait.
  std::atomic<bool> started{false};
  std::atomic<bool> ended{false};
  std::jthread early([&] {
    const timespec turn{0, 100'000'000};
    while (!started.load()) {
      const int number = sigtimedwait(&signals, nullptr, &turn);
      if (number == SIGTERM || number == SIGINT) {
        ended.store(true);
        stop.request_stop();
        return;
      }
    }
  });
  const Status running = server.start(stop.get_token());
  started.store(true);
  early.join();
  if (!running) return ended.load() ? kOk : fail(running.error());

  for (int number = ended.load() ? SIGTERM : 0; number != SIGTERM && number != SIGINT;) {
    sigwait(&signals, &number);
    if (number == SIGHUP) server.reload();
  }
  telemetry::info("draining");
  const bool clean = server.drain();
  telemetry::info("stopped", {{"clean", clean}});
  return server.failed() ? kFailed : kOk;
}

}  // namespace plumbline::app
