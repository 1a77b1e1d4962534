#include "tests/support/fault_proxy.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plumbline::test {
namespace {

constexpr int kTurnMs = 10;  // how soon a new mode is seen
constexpr std::int64_t kTurnsPerS = 1000 / kTurnMs;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void reset(int fd) {
  const linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

void rest(int milliseconds) {
  const timespec pause{0, milliseconds * 1'000'000L};
  nanosleep(&pause, nullptr);
}

}  // namespace

FaultProxy::FaultProxy(int to) : to_(to) {
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listening_, 64) != 0)
    throw std::runtime_error("the fault proxy can't listen");
  getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { accept(stop); });
}

FaultProxy::~FaultProxy() {
  thread_.request_stop();
  thread_.join();
  connections_.clear();
  close(listening_);
}

std::vector<std::string> FaultProxy::captured() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const Connection& connection : connections_) all.push_back(connection.sent);
  return all;
}

void FaultProxy::accept(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listening_, POLLIN, 0};
    if (poll(&waiting, 1, kTurnMs) <= 0) continue;
    const int client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (mode_ == Mode::kRefuse) {
      reset(client);
      continue;
    }
    const std::lock_guard lock(mutex_);
    if (!capturing_) connections_.remove_if([](const Connection& one) { return one.ended.load(); });
    Connection& connection = connections_.emplace_back();
    connection.thread = std::jthread(
        [this, client, &connection](const std::stop_token& ending) { serve(ending, client, connection); });
  }
}

void FaultProxy::serve(const std::stop_token& stop, int client, Connection& connection) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(to_);
  bool open = connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  while (open && !stop.stop_requested() && mode_ != Mode::kRefuse) {
    if (mode_ == Mode::kHold) {
      rest(kTurnMs);
      continue;
    }
    pollfd waiting[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(waiting, 2, kTurnMs) <= 0) continue;
    if (waiting[0].revents != 0) open = forward(client, server, &connection.sent);
    if (open && waiting[1].revents != 0) open = forward(server, client, nullptr);
  }
  reset(client);
  reset(server);
  connection.ended = true;
}

bool FaultProxy::forward(int from, int to, std::string* keep) {
  char buffer[16384];
  std::size_t most = sizeof buffer;
  const std::int64_t bytes_s = bytes_s_;
  if (bytes_s > 0) {
    rest(kTurnMs);
    most = static_cast<std::size_t>(std::clamp<std::int64_t>(bytes_s / kTurnsPerS, 1, sizeof buffer));
  }
  const ssize_t got = recv(from, buffer, most, 0);
  if (got <= 0) return false;
  auto size = static_cast<std::size_t>(got);
  const std::int64_t left = cut_after_;
  const bool cut = left >= 0 && left <= got;
  if (cut) size = static_cast<std::size_t>(left);
  if (left >= 0) cut_after_ = cut ? -1 : left - got;
  if (keep != nullptr && capturing_) {
    const std::lock_guard lock(mutex_);
    keep->append(buffer, size);
  }
  for (std::size_t sent = 0; sent < size;) {
    const ssize_t n = send(to, buffer + sent, size - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  if (cut) ++cuts_;
  return !cut;
}

}  // namespace plumbline::test
