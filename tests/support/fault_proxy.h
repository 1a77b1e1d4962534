// A TCP proxy on loopback that is slow, holds what it gets, cuts connections or refuses them, as it is told;
// and that keeps what clients sent. For tests of senders. Thread-safe.
#pragma once
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace plumbline::test {

class FaultProxy {
 public:
  enum class Mode : std::uint8_t {
    kPass,
    kRefuse,  // a new connection is closed at once, with a reset; those that are open are cut
    kHold,    // nothing travels, nothing is closed: a cable that was pulled
  };

  // Listens on a free port; what comes goes to `to`, a port of loopback. Throws.
  explicit FaultProxy(int to);
  // Where what comes goes from now on; until it is known (0), connections are cut.
  void send_to(int to) { to_ = to; }
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] int port() const { return port_; }
  void set(Mode mode) { mode_ = mode; }
  // Bytes a second in each direction of each connection; 0: as fast as it goes.
  void slow(std::int64_t bytes_s) { bytes_s_ = bytes_s; }
  // The next so many bytes in either direction pass, then the connection they were on is reset.
  void cut_after(std::int64_t bytes) { cut_after_ = bytes; }

  [[nodiscard]] std::int64_t cuts() const { return cuts_; }
  // What each connection's client has sent, in the order of their beginning; kept only after capture().
  void capture() { capturing_ = true; }
  [[nodiscard]] std::vector<std::string> captured() const;

 private:
  struct Connection {
    std::string sent;
    std::jthread thread;
    std::atomic<bool> ended{false};
  };
  void accept(const std::stop_token& stop);
  void serve(const std::stop_token& stop, int client, Connection& connection);
  bool forward(int from, int to, std::string* keep);

  std::atomic<int> to_;
  int listening_ = -1, port_ = 0;
  std::atomic<Mode> mode_{Mode::kPass};
  std::atomic<std::int64_t> bytes_s_{0}, cut_after_{-1}, cuts_{0};
  std::atomic<bool> capturing_{false};
  mutable std::mutex mutex_;
  std::list<Connection> connections_;
  std::jthread thread_;
};

}  // namespace plumbline::test
