#include "tests/support/raw_http.h"

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plumbline::test {

RawHttp::RawHttp(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) {
    throw std::runtime_error("no connection to port " + std::to_string(port));
  }
}

RawHttp::~RawHttp() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawHttp::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawHttp::fill(std::chrono::steady_clock::time_point end) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  pollfd poll_fd{fd_, POLLIN, 0};
  if (left.count() <= 0 || ::poll(&poll_fd, 1, static_cast<int>(left.count())) <= 0) return false;
  char bytes[65536];
  const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  got_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

RawResponse RawHttp::receive(std::chrono::milliseconds deadline, bool head_only) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::size_t head = 0;
  while ((head = got_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill(end)) return {};
  }
  RawResponse response;
  response.status = std::stoi(got_.substr(9, 3));
  for (std::size_t at = got_.find("\r\n") + 2; at < head + 2;) {
    const std::size_t line_end = got_.find("\r\n", at);
    const std::string line = got_.substr(at, line_end - at);
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    response.fields[name] = line.substr(std::min(colon + 2, line.size()));
    at = line_end + 2;
  }
  const auto length = response.fields.find("content-length");
  const std::size_t bytes = length == response.fields.end() || head_only ? 0 : std::stoul(length->second);
  while (got_.size() < head + 4 + bytes) {
    if (!fill(end)) return {};
  }
  response.body = got_.substr(head + 4, bytes);
  got_.erase(0, head + 4 + bytes);
  return response;
}

bool RawHttp::closed(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (got_.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd poll_fd{fd_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&poll_fd, 1, static_cast<int>(left.count())) <= 0) return false;
    if (!fill(end)) return true;
  }
  return false;
}

void RawHttp::shutdown_send() {
  ::shutdown(fd_, SHUT_WR);
}

}  // namespace plumbline::test
