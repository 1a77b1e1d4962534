#include "producers/auth/callback.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "producers/auth/proof.h"

namespace plumbline::auth {
namespace {

constexpr std::size_t kHeadBytesMax = 16 * 1024;  // a browser's cookies of 127.0.0.1 come along
constexpr std::size_t kConnectionsMax = 16;       // browsers open some ahead and send nothing on them
constexpr std::string_view kPath = "/callback";

struct Connection {
  int fd;
  std::string head;
};

void answer(int fd, std::string_view status, std::string_view title, std::string_view text) {
  std::string body = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>plumb</title><h1>";
  body.append(title).append("</h1><p>").append(text).append("</p></html>\n");
  std::string out = "HTTP/1.1 ";
  out.append(status);
  out.append("\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ")
      .append(std::to_string(body.size()));
  out.append(
      "\r\nConnection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
      "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; frame-ancestors "
      "'none'\r\n\r\n");
  out.append(body);
  (void)send(fd, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);  // far below a socket's buffer
}

// What the request line says; nullopt: wait on.
std::optional<Result<std::string>> judge(const Connection& from, std::string_view state) {
  const std::string_view line = std::string_view(from.head).substr(0, from.head.find("\r\n"));
  const std::string_view target = line.starts_with("GET ") ? line.substr(4, line.find(' ', 4) - 4) : "";
  const std::size_t question = target.find('?');
  if (target.substr(0, question) != kPath) {
    answer(from.fd, "404 Not Found", "Nothing is here", "plumb waits for the console's answer.");
    return std::nullopt;
  }
  const std::string_view query = question == std::string_view::npos ? "" : target.substr(question + 1);
  if (parameter(query, "state") != state) {
    answer(from.fd, "400 Bad Request", "This is not the answer to plumb's question",
           "Start again with plumb auth login.");
    return std::nullopt;
  }
  const std::string code = parameter(query, "code");
  if (code.empty()) {
    answer(from.fd, "200 OK", "plumb is not signed in", "You can close this page.");
    return Result<std::string>(
        poison("denied", "the console did not let plumb in: " + parameter(query, "error")));
  }
  answer(from.fd, "200 OK", "plumb has its answer", "Go back to the terminal. You can close this page.");
  return Result<std::string>(code);
}

class Waiting {
 public:
  explicit Waiting(int listening) : listening_(listening) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    for (const Connection& each : connections_) close(each.fd);
  }

  std::optional<Result<std::string>> step(std::string_view state, int wait_ms) {
    std::vector<pollfd> polled{{listening_, POLLIN, 0}};
    for (const Connection& each : connections_) polled.push_back({each.fd, POLLIN, 0});
    if (poll(polled.data(), polled.size(), wait_ms) <= 0) return std::nullopt;
    std::vector<Connection> open;
    std::optional<Result<std::string>> found;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& each = connections_[i];
      if (found || polled[i + 1].revents == 0 || more_to_come(each)) {
        open.push_back(std::move(each));
        continue;
      }
      if (each.head.find("\r\n\r\n") != std::string::npos) found = judge(each, state);
      shutdown(each.fd, SHUT_WR);
      close(each.fd);
    }
    connections_ = std::move(open);
    if (polled[0].revents != 0) accept_one();
    return found;
  }

 private:
  static bool more_to_come(Connection& from) {
    std::array<char, 4096> chunk{};
    const ssize_t got = recv(from.fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    from.head.append(chunk.data(), static_cast<std::size_t>(got));
    return got > 0 && from.head.size() < kHeadBytesMax && from.head.find("\r\n\r\n") == std::string::npos;
  }

  void accept_one() {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (connections_.size() == kConnectionsMax) {
      close(connections_.front().fd);
      connections_.erase(connections_.begin());
    }
    connections_.push_back({fd, {}});
  }

  int listening_;
  std::vector<Connection> connections_;
};

}  // namespace

Result<Callback> Callback::open() {
  const auto failed = [](const char* what) {
    return retryable("callback", std::string("no port of 127.0.0.1 can be had: ") + what + ": " +
                                     std::strerror(errno) + "; `plumb auth login --device` needs none");
  };
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed("socket");
  Callback made(fd, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  void* plain = &address;
  if (bind(fd, static_cast<sockaddr*>(plain), size) != 0) return failed("bind");
  if (listen(fd, static_cast<int>(kConnectionsMax)) != 0) return failed("listen");
  if (getsockname(fd, static_cast<sockaddr*>(plain), &size) != 0) return failed("getsockname");
  made.port_ = ntohs(address.sin_port);
  return made;
}

Callback::Callback(Callback&& other) noexcept : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}

Callback::~Callback() {
  if (fd_ >= 0) close(fd_);
}

std::string Callback::redirect_uri() const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(kPath);
}

Result<std::string> Callback::wait(std::string_view state, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + patience;
  Waiting waiting(fd_);
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    if (auto found = waiting.step(state, static_cast<int>(left.count()))) return std::move(*found);
  }
  return retryable("timeout", "nobody answered in the browser within " +
                                  std::to_string(std::chrono::ceil<std::chrono::seconds>(patience).count()) +
                                  " s; try again, or `--device` with a browser elsewhere");
}

}  // namespace plumbline::auth
