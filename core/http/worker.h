// One thread's event loop: its listener, its connections, the coarse sweep that ends the slow ones, the
// turn's end.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/http/asio.h"
#include "core/http/server.h"
#include "core/http/tls.h"

namespace plumbline::http {

// Buffers kept for the next bodies of a worker: enough for bursts of single traces, 8 MiB at most.
inline constexpr std::size_t kPooledBuffersMax = 32;
inline constexpr std::size_t kPooledBytesMax = std::size_t{256} << 10;

// What the workers of a server share.
struct Shared {
  Shared(ServerOptions given, Budget& bytes)
      : options(std::move(given)), budget(bytes), tls(options.tls_cert_file, options.tls_key_file) {}
  const ServerOptions options;
  Budget& budget;
  TlsPair tls;
  std::atomic<int> connections{0};
  std::mutex gone_mutex;
  std::condition_variable gone;  // told whenever a worker's last connection has ended
};

// Not thread-safe but for post(), begin_drain() and request_stop().
class EventWorker final : public Worker {
 public:
  EventWorker(Shared& shared, int index);
  ~EventWorker() override;

  Status listen(const std::string& address, int port);
  [[nodiscard]] int port() const;
  void start(const HandlerFactory& factory);
  void begin_drain();
  void request_stop();
  void join();

  bool post(std::function<void()> task) override;
  [[nodiscard]] int index() const override { return index_; }
  [[nodiscard]] Budget& budget() override { return shared_.budget; }
  [[nodiscard]] std::chrono::steady_clock::time_point now() const override { return now_; }

  // For its connections.
  [[nodiscard]] Handler& handler() { return *handler_; }
  [[nodiscard]] const ServerOptions& options() const { return shared_.options; }
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] std::string_view date() const { return date_; }
  void add(Connection& connection);
  void remove(Connection& connection);
  [[nodiscard]] PaddedBuffer take_buffer();
  void give_buffer(PaddedBuffer buffer);

 private:
  void run();
  void tick();
  Awaitable<void> accept_loop();
  void admit(Socket socket);

  Shared& shared_;
  const int index_;
  std::vector<Connection*> connections_;
  std::vector<PaddedBuffer> buffers_;
  std::unique_ptr<Handler> handler_;
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point tls_checked_ = now_;
  std::string date_;
  bool draining_ = false;
  bool stopping_ = false;
  std::atomic<bool> stopped_{false};
  asio::io_context context_{1};
  asio::executor_work_guard<Executor> work_{context_.get_executor()};
  Acceptor acceptor_{context_};
  std::thread thread_;
};

}  // namespace plumbline::http
