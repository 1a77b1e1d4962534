// The two kinds of processes that the test kills:
//   notify_end notify CONNINFO LOG_DIR PORT...    the notify role; routes send to PORT by their address
//   notify_end fake PORT FILE SEED                a receiver that appends what it gets to FILE, then answers;
//                                                 slow, busy, refusing or silent at random
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include <fcntl.h>

#include "consumers/notify/run.h"
#include "core/log/open/open_log.h"
#include "tests/chaos/notify/line_socket.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;

class LineChannel final : public channel::Channel {
 public:
  channel::Outcome send(const channel::Message& m, std::chrono::steady_clock::time_point deadline) override {
    const LineSocket socket(LineSocket::connect_to(std::atoi(m.to.address.c_str())));
    if (!socket.open()) return channel::Retry{"connection refused"};
    const channel::Event& event = m.events.front();
    if (!socket.send(m.route_name + " " + event.id.to_string() + " " + (m.resend ? "resend" : "first") + " " +
                     event.incident_id->to_string())) {
      return channel::Unknown{"cut while sending"};
    }
    const std::string answer = socket.receive(deadline);
    if (answer.empty()) return channel::Unknown{"no answer"};
    if (answer == "busy") return channel::Retry{"busy", 20ms};
    return channel::Delivered{answer};
  }
};

int be_notify(const std::string& conninfo, const std::string& folder) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  config::Config config;
  config.embedded.dir = folder;
  config.postgres.url = conninfo;
  config.keys.master_key = Secret("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
  config.notify.send_timeout = 300ms;
  config.notify.retry_first = 20ms;
  config.notify.retry_max = 200ms;
  config.notify.backoff_max = 200ms;
  auto log = log::open_log(config, log::Access::kClient);
  if (!log) {
    std::cerr << log.error().message << '\n';
    return 1;
  }
  SystemClock clock;
  telemetry::Metrics metrics;
  notify::NotifyRole role(config.notify, config.postgres, config.keys, **log, clock, metrics,
                          [](channel::Kind) { return std::make_unique<LineChannel>(); });
  role.start();
  int number = 0;
  sigwait(&signals, &number);
  role.stop();
  return 0;
}

class Fake {
 public:
  Fake(int port, const char* file, std::uint64_t seed) : random_(seed) {
    file_ = ::open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(port));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bound_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(fd_, 64) == 0;
  }
  int serve() {
    if (!bound_ || file_ < 0) return 1;
    for (;;) {
      const int client = ::accept(fd_, nullptr, nullptr);
      if (client >= 0) std::thread([this, client] { answer(client); }).detach();
    }
  }

 private:
  std::uint64_t roll(std::uint64_t sides) {
    const std::lock_guard hold(mutex_);
    return random_() % sides;
  }
  // As long as a slow receiver takes; nothing ends it but time.
  static void take_time(std::chrono::milliseconds length) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable().wait_for(lock, length, [] { return false; });
  }
  void answer(int client) {
    const LineSocket socket(client);
    const std::string line = socket.receive(std::chrono::steady_clock::now() + 10s);
    if (line.empty()) return;
    if (roll(12) == 0) {
      socket.send("busy");
      return;
    }
    const std::string all = line + "\n";
    if (::write(file_, all.data(), all.size()) != static_cast<ssize_t>(all.size())) std::abort();
    take_time(std::chrono::milliseconds(roll(25)));
    if (roll(30) == 0) return;  // taken, and never said so
    socket.send("ref");
  }

  std::mutex mutex_;
  std::mt19937_64 random_;
  int file_ = -1;
  int fd_ = -1;
  bool bound_ = false;
};

}  // namespace
}  // namespace plumbline::tests

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "notify" && argc == 4) return plumbline::tests::be_notify(argv[2], argv[3]);
  if (mode == "fake" && argc == 5) {
    return plumbline::tests::Fake(std::atoi(argv[2]), argv[3], std::strtoull(argv[4], nullptr, 10)).serve();
  }
  return 2;
}
