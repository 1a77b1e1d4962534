#include "core/http/server.h"

#include <charconv>
#include <mutex>
#include <vector>

#include "core/http/worker.h"

namespace plumbline::http {
namespace {

struct Place {
  std::string address;
  int port = 0;
};

// "127.0.0.1:8080" or "[::1]:8080".
Result<Place> parse_listen(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  Place place;
  if (colon != std::string::npos) {
    const char* end = listen.data() + listen.size();
    const auto parsed = std::from_chars(listen.data() + colon + 1, end, place.port);
    place.address = listen.substr(0, colon);
    if (place.address.starts_with('[') && place.address.ends_with(']')) {
      place.address = place.address.substr(1, place.address.size() - 2);
    }
    if (parsed.ec == std::errc{} && parsed.ptr == end && place.port >= 0 && place.port <= 65535) return place;
  }
  return fatal("listen",
               "edge.listen \"" + listen + "\": write address:port, such as 127.0.0.1:8080 or [::1]:8080");
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions given, HandlerFactory make, Budget& budget)
      : shared(std::move(given), budget), factory(std::move(make)) {}
  Shared shared;
  HandlerFactory factory;
  std::vector<std::unique_ptr<EventWorker>> workers;
  int port = 0;
};

Server::Server(ServerOptions options, HandlerFactory factory, Budget& budget)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(factory), budget)) {}

Server::~Server() {
  stop();
}

Status Server::start() {
  if (impl_->shared.tls.configured()) {
    if (Status status = impl_->shared.tls.reload(); !status) return status;
  }
  const auto place = parse_listen(impl_->shared.options.listen);
  if (!place) return place.error();
  impl_->port = place->port;
  for (int i = 0; i < impl_->shared.options.threads; ++i) {
    auto worker = std::make_unique<EventWorker>(impl_->shared, i);
    if (Status status = worker->listen(place->address, impl_->port); !status) {
      impl_->workers.clear();
      return status;
    }
    impl_->port = worker->port();
    impl_->workers.push_back(std::move(worker));
  }
  for (auto& worker : impl_->workers) worker->start(impl_->factory);
  return ok_status();
}

Status Server::reload_tls() {
  return impl_->shared.tls.configured() ? impl_->shared.tls.reload() : ok_status();
}

bool Server::drain(std::chrono::milliseconds deadline) {
  for (auto& worker : impl_->workers) worker->begin_drain();
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::unique_lock lock(impl_->shared.gone_mutex);
  return impl_->shared.gone.wait_until(lock, end, [this] { return connections() == 0; });
}

void Server::stop() {
  for (auto& worker : impl_->workers) worker->request_stop();
  for (auto& worker : impl_->workers) worker->join();
  impl_->workers.clear();
}

int Server::port() const {
  return impl_->port;
}
int Server::connections() const {
  return impl_->shared.connections.load(std::memory_order_relaxed);
}

}  // namespace plumbline::http
