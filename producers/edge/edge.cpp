#include "producers/edge/edge.h"

#include <algorithm>
#include <thread>

#include "core/limits.h"
#include "producers/edge/handler.h"
#include "producers/edge/shared.h"

namespace plumbline::edge {
namespace {

using namespace std::chrono_literals;
constexpr auto kLogAskedEvery = 200ms;  // how soon an outage is noticed without waiting for an ack

// The log works beside the workers: docs/adr/0004, "One thread for every two cores".
int usual_threads() {
  return (std::max(1, static_cast<int>(std::thread::hardware_concurrency())) + 1) / 2;
}

http::ServerOptions server_options(const config::Edge& config) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.threads = config.threads > 0 ? config.threads : usual_threads();
  options.tls_cert_file = config.tls_cert_file;
  options.tls_key_file = config.tls_key_file;
  options.header_timeout = config.header_timeout;
  options.idle_timeout = config.idle_timeout;
  options.body_bytes_s_min = config.body_bytes_s_min;
  options.body_bytes_max = limits::kBodyBytesMax;
  options.connections_max = config.connections_max;
  return options;
}

}  // namespace

struct Edge::Impl {
  Impl(const config::Edge& config, log::Log& log, keys::Keyring& keyring, Clock& clock,
       telemetry::Metrics& metrics)
      : shared(config, log, keyring, clock, metrics), options(server_options(config)) {}

  // Asks the log how it is, off the workers: the answer may take as long as a broker's time-out.
  void watch(const std::stop_token& stop) {
    std::unique_lock lock(watch_mutex);
    while (!stop.stop_requested()) {
      lock.unlock();
      shared.log_state.refresh(shared.log);
      shared.meters.connections.set(server ? server->connections() : 0);
      shared.meters.inflight_bytes.set(static_cast<double>(shared.budget.used()));
      shared.meters.log_bytes.set(static_cast<double>(shared.log_budget.used()));
      shared.meters.buckets.set(static_cast<double>(shared.admitter.buckets()));
      lock.lock();
      watch_wake.wait_for(lock, stop, kLogAskedEvery, [] { return false; });
    }
  }

  Shared shared;
  const http::ServerOptions options;
  std::unique_ptr<http::Server> server;
  std::mutex watch_mutex;
  std::condition_variable_any watch_wake;
  std::jthread watcher;
};

Edge::Edge(const config::Edge& config, log::Log& log, keys::Keyring& keyring, Clock& clock,
           telemetry::Metrics& metrics)
    : impl_(std::make_unique<Impl>(config, log, keyring, clock, metrics)) {}

Edge::~Edge() {
  stop();
}

Status Edge::start() {
  Impl& impl = *impl_;
  impl.server = std::make_unique<http::Server>(
      impl.options,
      [&impl](http::Worker& worker) { return std::make_unique<EdgeHandler>(worker, impl.shared); },
      impl.shared.budget);
  if (Status status = impl.server->start(); !status) return status;
  impl.watcher = std::jthread([&impl](const std::stop_token& stop) { impl.watch(stop); });
  return ok_status();
}

Status Edge::reload_tls() {
  return impl_->server ? impl_->server->reload_tls() : ok_status();
}

bool Edge::drain() {
  Impl& impl = *impl_;
  if (!impl.server) return true;
  const auto deadline = std::chrono::steady_clock::now() + impl.shared.config.drain_timeout;
  const bool answered = impl.server->drain(impl.shared.config.drain_timeout);
  impl.shared.flush = true;
  bool flushed = false;
  {
    std::unique_lock lock(impl.shared.flushed_mutex);
    flushed = impl.shared.flushed_changed.wait_until(
        lock, std::max(deadline, std::chrono::steady_clock::now() + 1s),
        [&impl] { return impl.shared.flushed == impl.options.threads; });
  }
  stop();
  return answered && flushed;
}

void Edge::stop() {
  if (impl_->watcher.joinable()) {
    impl_->watcher.request_stop();
    impl_->watcher.join();
  }
  if (impl_->server) impl_->server->stop();
}

int Edge::port() const {
  return impl_->server ? impl_->server->port() : 0;
}
bool Edge::ready() const {
  return impl_->shared.keyring.ready() && impl_->shared.log_state.up();
}

}  // namespace plumbline::edge
