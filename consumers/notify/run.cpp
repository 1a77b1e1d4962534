#include "consumers/notify/run.h"

#include <condition_variable>
#include <mutex>

#include "consumers/notify/channels.h"
#include "core/telemetry/logging.h"
#include "core/telemetry/trouble.h"
#include "sinks/postgres/notify_intake.h"

namespace plumbline::notify {
namespace {

constexpr std::chrono::seconds kWatchInterval{5};
constexpr int kPruneEvery = 720;  // of them: an hour

pg::ConnectOptions connect_options(const config::Postgres& postgres) {
  return {.conninfo = postgres.url,
          .password = postgres.password,
          .application_name = "plumbline notify",
          .role = "plumbline_writer"};
}

loop::Options loop_options(const config::Notify& options, const pg::ConnectOptions& postgres) {
  loop::Options made;
  made.batch_bytes_max = std::size_t{4} << 20;
  made.poll_wait = options.poll_wait;
  made.backoff_max = options.backoff_max;
  made.postgres = postgres;
  return made;
}

}  // namespace

NotifyRole::NotifyRole(const config::Notify& options, const config::Postgres& postgres,
                       const config::Keys& keys, log::Log& log, const Clock& clock,
                       telemetry::Metrics& metrics, ChannelFactory channels)
    : options_(options),
      postgres_(connect_options(postgres)),
      clock_(clock),
      meters_(metrics),
      sealer_(crypto::Sealer::from_text(keys.master_key)),
      tokens_(keys.master_key),
      notify_(log, clock, meters_, wake_, options_.age_max),
      loop_(notify_, log, clock, metrics, loop_options(options_, postgres_)) {
  if (!channels) channels = configured_channels(options_, clock_);
  for (std::int32_t i = 0; i < options_.senders; ++i) {
    senders_.push_back(std::make_unique<Sender>(SenderParts{.options = options_,
                                                            .postgres = postgres_,
                                                            .clock = clock_,
                                                            .meters = meters_,
                                                            .wake = wake_,
                                                            .sealer = sealer_ ? &*sealer_ : nullptr,
                                                            .tokens = tokens_,
                                                            .channels = channels}));
  }
  if (!options_.public_url.empty() && tokens_.usable()) {
    server_ = std::make_unique<UnsubscribeServer>(
        UnsubscribeOptions{.listen = options_.listen, .postgres = postgres_}, tokens_, clock_);
  }
}

NotifyRole::~NotifyRole() {
  stop();
}

void NotifyRole::start() {
  if (!threads_.empty()) return;
  if (server_) {
    server_state_ = server_->start();
    if (!server_state_)
      telemetry::error("unsubscribe_listen", {{"reason", std::string_view(server_state_.error().message)}});
  }
  threads_.emplace_back([this](const std::stop_token& stop) { loop_.run(stop); });
  for (const auto& sender : senders_) {
    threads_.emplace_back([&one = *sender](const std::stop_token& stop) { one.run(stop); });
  }
  threads_.emplace_back([this](const std::stop_token& stop) { watch(stop); });
}

void NotifyRole::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
  if (server_) server_->stop();
}

Status NotifyRole::healthy() const {
  if (!sealer_) return sealer_.error();
  if (!server_state_) return server_state_;
  for (const auto& sender : senders_) {
    if (Status well = sender->healthy(); !well) return well;
  }
  return loop_.healthy();
}

// The figures of the whole queue, and tidying up.
void NotifyRole::watch(const std::stop_token& stop) {
  std::optional<pg::Connection> connection;
  std::mutex mutex;
  std::condition_variable_any never;
  telemetry::Trouble trouble("notify_watch");
  for (int turn = 0; !stop.stop_requested(); ++turn) {
    if (Status looked = look(connection, turn % kPruneEvery == kPruneEvery - 1); !looked) {
      trouble.met(looked.error());
    } else {
      trouble.over();
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kWatchInterval, [] { return false; });
  }
}

Status NotifyRole::look(std::optional<pg::Connection>& connection, bool prune) {
  if (connection && connection->broken()) connection.reset();
  if (!connection) {
    auto made = pg::Connection::connect(postgres_);
    if (!made) return made.error();
    connection.emplace(std::move(*made));
  }
  auto state = postgres::queue_state(*connection, clock_.now());
  if (!state) return state.error();
  meters_.open.set(static_cast<double>(state->open));
  meters_.oldest.set(state->oldest_due_s);
  meters_.failing.set(static_cast<double>(state->failing_routes));
  meters_.disabled_now.set(static_cast<double>(state->disabled_routes));
  return prune ? postgres::prune_notify(*connection, clock_.now()) : ok_status();
}

}  // namespace plumbline::notify
