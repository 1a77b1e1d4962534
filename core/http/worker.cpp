#include "core/http/worker.h"

#include <ctime>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "core/http/connection.h"

namespace plumbline::http {
namespace {

using namespace std::chrono_literals;
constexpr auto kTick = 200ms;  // deadlines are seconds: a fifth is precise enough
constexpr int kTurnHandlersMax =
    256;  // then the turn ends even if more is ready: appended records wait for it
constexpr auto kAcceptPause = 100ms;  // out of descriptors: the pending connection waits in the kernel

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, size};
}

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

}  // namespace

EventWorker::EventWorker(Shared& shared, int index) : shared_(shared), index_(index), date_(http_date()) {}

EventWorker::~EventWorker() {
  request_stop();
  join();
}

Status EventWorker::listen(const std::string& address, int port) {
  ErrorCode ec;
  const auto where = asio::ip::make_address(address, ec);
  const std::string place = "edge.listen " + address + ":" + std::to_string(port);
  if (ec) return fatal("listen", place + " is not an IP address and port");
  const asio::ip::tcp::endpoint endpoint(where, static_cast<unsigned short>(port));
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(Acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.set_option(ReusePort(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return retryable("listen", place + ": " + ec.message() + "; choose a free address");
  return ok_status();
}

int EventWorker::port() const {
  ErrorCode ec;
  const auto endpoint = acceptor_.local_endpoint(ec);
  return ec ? 0 : endpoint.port();
}

void EventWorker::start(const HandlerFactory& factory) {
  handler_ = factory(*this);
  asio::co_spawn(context_, accept_loop(), asio::detached);
  thread_ = std::thread([this] { run(); });
}

void EventWorker::run() {
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  while (!stopping_) {
    context_.run_one_until(next_tick);
    now_ = std::chrono::steady_clock::now();
    for (int i = 0; i < kTurnHandlersMax && !stopping_ && context_.poll_one() > 0; ++i) {
    }
    handler_->on_turn_end();
    if (now_ < next_tick) continue;
    tick();
    next_tick = now_ + kTick;
  }
  stopped_ = true;
}

void EventWorker::tick() {
  date_ = http_date();
  for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->sweep(now_);
  handler_->on_tick();
  if (index_ == 0 && shared_.tls.configured() && now_ - tls_checked_ >= shared_.options.tls_check_interval) {
    tls_checked_ = now_;
    shared_.tls.reload_if_changed();
  }
}

bool EventWorker::post(std::function<void()> task) {
  if (stopped_) return false;
  asio::post(context_, std::move(task));
  return true;
}

void EventWorker::begin_drain() {
  post([this] {
    draining_ = true;
    ErrorCode ignored;
    acceptor_.close(ignored);
    for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->close_if_idle();
  });
}

void EventWorker::request_stop() {
  post([this] { stopping_ = true; });
}

void EventWorker::join() {
  if (thread_.joinable()) thread_.join();
  handler_.reset();
  for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->abandon();
}

Awaitable<void> EventWorker::accept_loop() {
  Timer pause(context_);
  while (acceptor_.is_open()) {
    ErrorCode ec;
    Socket socket = co_await acceptor_.async_accept(asio::redirect_error(kUse, ec));
    if (!ec) {
      admit(std::move(socket));
    } else if (acceptor_.is_open()) {
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(kUse, ec));
    }
  }
}

void EventWorker::admit(Socket socket) {
  if (shared_.connections.load(std::memory_order_relaxed) >= shared_.options.connections_max)
    return;  // closed: try later
  ErrorCode ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  auto connection = std::make_unique<Connection>(*this, std::move(socket), shared_.tls.current());
  asio::co_spawn(context_, Connection::run(std::move(connection)), asio::detached);
}

void EventWorker::add(Connection& connection) {
  connection.slot = connections_.size();
  connections_.push_back(&connection);
  shared_.connections.fetch_add(1, std::memory_order_relaxed);
}

void EventWorker::remove(Connection& connection) {
  connections_.back()->slot = connection.slot;
  connections_[connection.slot] = connections_.back();
  connections_.pop_back();
  if (shared_.connections.fetch_sub(1, std::memory_order_relaxed) == 1) {
    const std::scoped_lock lock(shared_.gone_mutex);
    shared_.gone.notify_all();
  }
}

PaddedBuffer EventWorker::take_buffer() {
  if (buffers_.empty()) return {};
  PaddedBuffer buffer = std::move(buffers_.back());
  buffers_.pop_back();
  buffer.clear();
  return buffer;
}

void EventWorker::give_buffer(PaddedBuffer buffer) {
  if (buffers_.size() < kPooledBuffersMax && buffer.capacity() <= kPooledBytesMax)
    buffers_.push_back(std::move(buffer));
}

}  // namespace plumbline::http
