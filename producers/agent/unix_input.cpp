#include "producers/agent/unix_input.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/codec/json_writer.h"
#include "core/limits.h"

namespace plumbline::agent {
namespace {

constexpr std::size_t kClientsMax = 64;  // programs of one user; others wait in the kernel's queue
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr int kBacklog = 64;
constexpr int kWriteWaitMs = 5000;  // a client that does not read its answers is cut

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd ready{fd, POLLOUT, 0};
      if (::poll(&ready, 1, kWriteWaitMs) <= 0) return false;
      continue;
    }
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

UnixInput::UnixInput(std::filesystem::path path, Spool& spool, const redact::Policy& policy)
    : path_(std::move(path)), intake_(spool, policy) {}

UnixInput::~UnixInput() {
  stop();
}

Status UnixInput::start() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.native().size() >= sizeof address.sun_path)
    return retryable("listen", "listen.unix " + path_.string() + " is longer than " +
                                   std::to_string(sizeof address.sun_path - 1) +
                                   " bytes; choose a shorter path");
  std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
  if (Status made = make_folder(path_.parent_path()); !made) return made;
  // One that a killed agent left; the spool's lock says that no other runs.
  struct stat facts {};
  if (::lstat(path_.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode))
      return retryable("listen",
                       "listen.unix " + path_.string() + " is there and is no socket; choose another path");
    ::unlink(path_.c_str());
  }
  std::array<int, 2> wake{};
  if (::pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK) != 0) return system_error("listen", path_);
  wake_read_ = Fd(wake[0]);
  wake_write_ = Fd(wake[1]);
  listening_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const mode_t before = ::umask(0177);  // from the first moment on, nobody else can open it
  const int bound = ::bind(listening_.get(), static_cast<const sockaddr*>(static_cast<const void*>(&address)),
                           sizeof address);
  ::umask(before);
  if (bound != 0 || ::listen(listening_.get(), kBacklog) != 0) return system_error("listen", path_);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return ok_status();
}

void UnixInput::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  [[maybe_unused]] const ssize_t woken = ::write(wake_write_.get(), "x", 1);
  thread_.join();
  clients_.clear();
  ::unlink(path_.c_str());
}

void UnixInput::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> waiting{{wake_read_.get(), POLLIN, 0}};
    const bool room = clients_.size() < kClientsMax;
    waiting.push_back({room ? listening_.get() : -1, POLLIN, 0});
    for (const Client& client : clients_) waiting.push_back({client.fd.get(), POLLIN, 0});
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if (stop.stop_requested()) return;
    std::size_t i = 2;
    for (auto client = clients_.begin(); client != clients_.end(); ++i) {
      const bool ready = waiting[i].revents != 0;
      client = ready && !serve(*client) ? clients_.erase(client) : std::next(client);
    }
    if (waiting[1].revents != 0) accept();
  }
}

void UnixInput::accept() {
  Fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd.open()) clients_.push_back({std::move(fd), {}, 0});
}

bool UnixInput::serve(Client& client) {
  const std::size_t before = client.got.size();
  client.got.resize(before + kReadBytes);
  const ssize_t n = ::recv(client.fd.get(), client.got.data() + before, kReadBytes, 0);
  client.got.resize(before + (n > 0 ? static_cast<std::size_t>(n) : 0));
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  const std::size_t end = client.got.rfind('\n');
  if (end == std::string::npos) {
    if (n == 0) return false;  // half a line was never answered
    if (client.got.size() <= limits::kReportBytesMax) return true;
    (void)send_all(client.fd.get(), "{\"line\":" + std::to_string(client.lines + 1) +
                                        ",\"status\":\"rejected\",\"reason\":\"too_large\"}\n");
    return false;
  }
  const std::string answers = answer(client, std::string_view(client.got).substr(0, end + 1));
  client.got.erase(0, end + 1);
  return send_all(client.fd.get(), answers) && n > 0;
}

std::string UnixInput::answer(Client& client, std::string_view text) {
  std::vector<std::string> lines;
  std::vector<std::int64_t> numbers;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    ++client.lines;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == line.npos) continue;
    lines.emplace_back(line);
    numbers.push_back(client.lines);
  }
  const Taken taken = intake_.take(lines);
  std::string answers;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    codec::JsonWriter out(answers);
    out.open_object().member("line", numbers[i]);
    if (refused < taken.refused.size() && taken.refused[refused].index == i) {
      out.member("status", "rejected").member("reason", taken.refused[refused].reason);
      out.member("detail", taken.refused[refused].detail);
      ++refused;
    } else if (!taken.status) {
      out.member("status", "busy").member("detail", taken.status.error().message);
    } else {
      out.member("status", "accepted");
    }
    out.close_object();
    answers += '\n';
  }
  return answers;
}

}  // namespace plumbline::agent
