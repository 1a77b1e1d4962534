// Frames of the owner's socket, and its address.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log/embedded/socket_server.h"

namespace plumbline::log::embedded {
namespace {

bool send_all(int fd, const char* at, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t n = send(fd, at, bytes, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

bool receive_all(int fd, char* at, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t n = recv(fd, at, bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

bool send_frame(int fd, char kind, std::string_view body) {
  char head[5];
  const auto bytes = static_cast<std::uint32_t>(body.size());
  std::memcpy(head, &bytes, 4);
  head[4] = kind;
  return send_all(fd, head, sizeof head) && send_all(fd, body.data(), body.size());
}

bool receive_frame(int fd, char& kind, std::string& body) {
  char head[5];
  if (!receive_all(fd, head, sizeof head)) return false;
  std::uint32_t bytes = 0;
  std::memcpy(&bytes, head, 4);
  kind = head[4];
  if (bytes > kSocketFrameBytesMax) return false;
  body.resize(bytes);
  return receive_all(fd, body.data(), bytes);
}

void put_word(std::string& to, std::string_view word) {
  const auto bytes = static_cast<std::uint32_t>(word.size());
  to.append(reinterpret_cast<const char*>(&bytes), 4);
  to.append(word);
}

bool take_word(std::string_view& from, std::string_view& word) {
  std::uint32_t bytes = 0;
  if (from.size() < 4) return false;
  std::memcpy(&bytes, from.data(), 4);
  from.remove_prefix(4);
  if (from.size() < bytes) return false;
  word = from.substr(0, bytes);
  from.remove_prefix(bytes);
  return true;
}

int unix_socket(const std::string& dir, bool listen_on_it) {
  // Through the folder's descriptor: a socket's path holds 107 characters, a folder's may be longer.
  const int folder = open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder) + "/owner.sock";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool fine = fd >= 0;
  if (fine && listen_on_it) {
    unlink(path.c_str());
    fine = fchmod(fd, 0600) == 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
           chmod(path.c_str(), 0600) == 0 && listen(fd, 64) == 0;
  } else if (fine) {
    fine = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  close(folder);
  if (!fine && fd >= 0) close(fd);
  return fine ? fd : -1;
}

}  // namespace plumbline::log::embedded
