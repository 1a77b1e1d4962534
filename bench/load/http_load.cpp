#include "bench/load/http_load.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/compress/compress.h"
#include "core/crypto/webhooks.h"

namespace plumbline::load {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Connection {
  int fd = -1;
  std::size_t signer = 0;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  std::vector<Uuid> ids;
  SteadyTime started{};
  SteadyTime retry_at{};
  bool waiting = false;  // a request is in flight
};

// Length of the complete response at the start of `in`, or 0; the status in `status`.
std::size_t complete_response(std::string_view in, int& status, std::string_view& body) {
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string_view::npos || in.size() < 12) return 0;
  std::from_chars(in.data() + 9, in.data() + 12, status);
  std::size_t length = 0;
  for (std::size_t at = in.find("\r\n"); at < head; at = in.find("\r\n", at + 2)) {
    constexpr std::string_view kName = "content-length:";
    const std::string_view line = in.substr(at + 2, kName.size());
    const bool same = line.size() == kName.size() &&
                      std::equal(line.begin(), line.end(), kName.begin(),
                                 [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    if (!same) continue;
    std::size_t from = at + 2 + kName.size();
    while (in[from] == ' ') ++from;
    std::from_chars(in.data() + from, in.data() + head, length);
  }
  if (in.size() < head + 4 + length) return 0;
  body = in.substr(head + 4, length);
  return head + 4 + length;
}

class Engine {
 public:
  Engine(const LoadOptions& options, const OnAnswer& on_answer, const OnWindow& on_window)
      : options_(options),
        on_answer_(on_answer),
        on_window_(on_window),
        maker_(options.shape, options.seed),
        connections_(static_cast<std::size_t>(options.connections)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (const Signer& signer : options_.signers) {
      const auto secret = crypto::parse_signing_secret(signer.secret.reveal());
      if (secret) keys_.emplace_back(secret->reveal());
    }
  }
  ~Engine() {
    for (Connection& c : connections_) {
      if (c.fd >= 0) close(c.fd);
    }
    close(epoll_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Result<LoadResult> run(std::stop_token stop);

 private:
  void connect_one(Connection& c, SteadyTime now);
  // Closes it, to be opened again; `told`: what was asked on it gets no answer.
  void break_one(Connection& c, SteadyTime now, bool told = true);
  void send_next(Connection& c, SteadyTime now);
  void flush(Connection& c, SteadyTime now);
  void receive(Connection& c);
  void answered(Connection& c, int status, std::string_view body, SteadyTime now);
  [[nodiscard]] bool may_send(SteadyTime now);

  const LoadOptions& options_;
  const OnAnswer& on_answer_;
  const OnWindow& on_window_;
  TraceMaker maker_;
  std::vector<crypto::HmacKey> keys_;
  std::vector<Connection> connections_;
  int epoll_;
  SystemClock clock_;
  std::string body_, packed_;
  std::vector<float> latencies_ms_;
  LoadResult result_;
  SteadyTime begin_{};
  std::uint64_t sent_ = 0;
  bool measuring_ = false;
  bool ending_ = false;
};

void Engine::connect_one(Connection& c, SteadyTime now) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(options_.port);
  inet_pton(AF_INET, options_.host.c_str(), &to.sin_addr);
  if (connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) {
    break_one(c, now);
    return;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.ptr = &c;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
}

void Engine::break_one(Connection& c, SteadyTime now, bool told) {
  if (c.fd >= 0) close(c.fd);
  c.fd = -1;
  c.in.clear();
  c.out.clear();
  c.sent = 0;
  c.waiting = false;
  c.retry_at = now + options_.reconnect_wait;
  if (told) ++result_.broken;
}

bool Engine::may_send(SteadyTime now) {
  if (ending_) return false;
  if (options_.requests_s <= 0) return true;
  return static_cast<double>(sent_) <
         std::chrono::duration<double>(now - begin_).count() * options_.requests_s;
}

void Engine::send_next(Connection& c, SteadyTime now) {
  if (c.waiting || c.fd < 0 || !may_send(now)) return;
  const TimeUs wall = clock_.now();
  c.signer = sent_ % options_.signers.size();
  maker_.make(wall, body_, c.ids);
  std::string_view body = body_;
  if (options_.shape.zstd) {
    packed_ = compress::compress(compress::Encoding::kZstd, body_).value();
    body = packed_;
  }
  const RequestHead head{options_.signers[c.signer].key_id, options_.host, options_.path,
                         options_.shape.zstd ? "zstd" : ""};
  write_request(keys_[c.signer], head, wall, body, c.out);
  c.sent = 0;
  c.waiting = true;
  c.started = now;
  ++sent_;
  flush(c, now);
}

void Engine::flush(Connection& c, SteadyTime now) {
  while (c.fd >= 0 && c.sent < c.out.size()) {
    const ssize_t n = send(c.fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
    if (n > 0) {
      c.sent += static_cast<std::size_t>(n);
    } else {
      if (errno != EAGAIN && errno != ENOTCONN) break_one(c, now);
      return;
    }
  }
}

void Engine::answered(Connection& c, int status, std::string_view body, SteadyTime now) {
  c.waiting = false;
  if (on_answer_) on_answer_(status, c.ids, c.signer, body);
  if (!measuring_) return;
  ++result_.requests;
  ++result_.by_status[status];
  if (status == 202) result_.accepted += c.ids.size();
  latencies_ms_.push_back(std::chrono::duration<float, std::milli>(now - c.started).count());
}

void Engine::receive(Connection& c) {
  char buffer[16384];
  while (c.fd >= 0) {
    const ssize_t n = recv(c.fd, buffer, sizeof buffer, 0);
    const auto now = std::chrono::steady_clock::now();
    if (n > 0) {
      c.in.append(buffer, static_cast<std::size_t>(n));
      int status = 0;
      std::string_view body;
      const std::size_t length = complete_response(c.in, status, body);
      if (length == 0) continue;
      answered(c, status, body, now);
      c.in.erase(0, length);
      send_next(c, now);
    } else if (n < 0 && errno == EAGAIN) {
      return;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      // A server may close a connection on which nothing was asked; the next request opens another.
      break_one(c, now, n != 0 || c.waiting);
    }
  }
}

Result<LoadResult> Engine::run(std::stop_token stop) {
  if (keys_.size() != options_.signers.size() || keys_.empty())
    return poison("load", "a signer's secret is not whsec_<base64>");
  begin_ = std::chrono::steady_clock::now();
  const auto measure_from = begin_ + options_.warmup;
  const auto end = measure_from + options_.duration;
  SteadyTime window_start = begin_;
  std::vector<epoll_event> events(connections_.size() + 1);
  while (true) {
    auto now = std::chrono::steady_clock::now();
    if (!measuring_ && !ending_ && now >= measure_from) {
      measuring_ = true;
      window_start = now;
      if (on_window_) on_window_(true);
    }
    if (!ending_ && (now >= end || stop.stop_requested())) {
      if (measuring_ && on_window_) on_window_(false);
      result_.seconds = std::chrono::duration<double>(now - window_start).count();
      measuring_ = false;
      ending_ = true;
    }
    const bool due =
        std::any_of(connections_.begin(), connections_.end(), [](const Connection& c) { return c.waiting; });
    if (ending_ && (!due || now >= end + std::chrono::seconds(15))) break;
    for (Connection& c : connections_) {
      if (c.fd < 0 && !ending_ && now >= c.retry_at) connect_one(c, now);
      if (!c.waiting) send_next(c, now);
    }
    const int n =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), options_.requests_s > 0 ? 1 : 20);
    for (int i = 0; i < n; ++i) {
      Connection& c = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      now = std::chrono::steady_clock::now();
      if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) flush(c, now);
      receive(c);
    }
  }
  std::sort(latencies_ms_.begin(), latencies_ms_.end());
  if (!latencies_ms_.empty()) {
    const auto at = [&](double q) {
      return latencies_ms_[static_cast<std::size_t>(q * static_cast<double>(latencies_ms_.size() - 1))];
    };
    result_.p50_ms = at(0.5);
    result_.p99_ms = at(0.99);
    result_.max_ms = latencies_ms_.back();
  }
  return result_;
}

}  // namespace

Result<LoadResult> run_load(const LoadOptions& options, std::stop_token stop, const OnAnswer& on_answer,
                            const OnWindow& on_window) {
  return Engine(options, on_answer, on_window).run(std::move(stop));
}

void require_all_accepted(const LoadResult& result) {
  if (result.broken == 0 && result.by_status.size() == 1 && result.by_status.contains(202)) return;
  std::string seen =
      fmt::format("not all of the load was accepted: {} connections broke, answers", result.broken);
  for (const auto& [status, count] : result.by_status) seen += fmt::format(" {}: {}", status, count);
  throw std::runtime_error(seen);
}

}  // namespace plumbline::load
