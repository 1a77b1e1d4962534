// A strict HTTP/1.1 server: one thread and one SO_REUSEPORT listener per worker, asynchronous handlers,
// bounded everything. Boost stays behind this header (only core/http includes it).
//
// Threads. Everything of one connection happens on its worker's thread: Handler calls, Responder::send, tasks
// given to Worker::post. Only what says so may be called from elsewhere.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/request_head.h"
#include "core/padded_buffer.h"
#include "core/result.h"

namespace plumbline::http {

using namespace std::chrono_literals;

// Bytes admitted and not answered yet, over all workers. Thread-safe.
class Budget {
 public:
  explicit Budget(std::int64_t bytes_max) : bytes_max_(bytes_max) {}
  [[nodiscard]] bool try_take(std::size_t bytes) {
    const auto n = static_cast<std::int64_t>(bytes);
    if (used_.fetch_add(n, std::memory_order_relaxed) + n <= bytes_max_) return true;
    used_.fetch_sub(n, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t bytes) {
    used_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::int64_t bytes_max_;
  std::atomic<std::int64_t> used_{0};
};

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // address:port; port 0 picks one
  int threads = 1;
  std::string tls_cert_file;  // PEM chain and key: both or none
  std::string tls_key_file;
  std::chrono::milliseconds header_timeout =
      10s;  // from the first byte (or the TLS handshake's start) to the head's end
  std::chrono::milliseconds idle_timeout = 75s;  // between requests
  std::chrono::milliseconds body_grace = 5s;     // before the minimum rate counts
  std::int64_t body_bytes_s_min = 1024;
  std::size_t body_bytes_max = std::size_t{16} << 20;  // as sent (compressed or not)
  int connections_max = 10000;
  std::chrono::milliseconds tls_check_interval = 2s;  // how often the files are looked at
};

// A response to write. Everything is copied by send().
struct Response {
  int status = 200;
  std::string_view content_type = {};
  std::string_view extra_fields = {};  // whole lines, each ended by CRLF
  std::string_view body = {};
  bool close = false;  // close the connection afterwards
};

// A request with its body. Views and the body live until the response is sent; the handler may change the
// body's bytes.
struct Request {
  RequestHead head;
  PaddedBuffer body;
  std::string_view peer = {};  // address of the other end, without port; "" when unknown
  void* of_handler = nullptr;  // the handler's own, between its calls for one request
};

class Connection;

// Answers one request, exactly once, on the worker's thread: from inside on_request or at any later time.
class Responder {
 public:
  Responder() = default;
  explicit Responder(Connection& connection) : connection_(&connection) {}
  void send(const Response& response);
  [[nodiscard]] bool pending() const { return connection_ != nullptr; }

 private:
  Connection* connection_ = nullptr;
};

// The thread a handler lives on.
class Worker {
 public:
  virtual ~Worker() = default;
  // Thread-safe: runs the task on the worker's thread; false (and the task is dropped) once the worker has
  // stopped.
  virtual bool post(std::function<void()> task) = 0;
  [[nodiscard]] virtual int index() const = 0;
  [[nodiscard]] virtual Budget& budget() = 0;
  // Decided before a body is read and when the server answers by itself.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const = 0;
};

// One per worker; called on its thread only.
class Handler {
 public:
  virtual ~Handler() = default;
  // After the head, before 100-continue and the body. False: a response has been sent through `responder`
  // (the connection then closes if a body was announced); true: read the body and call on_request.
  virtual bool on_head(const RequestHead& head, Responder& responder) = 0;
  virtual void on_request(Request& request, Responder responder) = 0;
  // The server's own answers (malformed head, 408, 413, budget exhausted: 503): the handler words them,
  // before it returns.
  virtual void on_refusal(const Refusal& refusal, Responder responder) = 0;
  // Once per event-loop turn, after all that was ready has run.
  virtual void on_turn_end() {}
  // About five times a second.
  virtual void on_tick() {}
};

using HandlerFactory = std::function<std::unique_ptr<Handler>(Worker&)>;

// Thread-safe.
class Server {
 public:
  // Handlers are made in start(), before any connection is accepted.
  Server(ServerOptions options, HandlerFactory factory, Budget& budget);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Retryable "listen": the address can't be bound; fatal "tls": the certificate or key can't be used.
  Status start();
  // Loads certificate and key again and swaps them when they fit; the old pair stays otherwise.
  Status reload_tls();
  // Stops accepting, closes idle connections, lets requests in flight be answered; true when none is left in
  // time.
  bool drain(std::chrono::milliseconds deadline);
  // Ends the threads; connections that are left are cut. After drain() or instead of it. Handlers are
  // destroyed here.
  void stop();

  [[nodiscard]] int port() const;
  [[nodiscard]] int connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumbline::http
