#include "core/log/embedded/socket_server.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/log/embedded/format.h"
#include "core/log/embedded/topic_view.h"

namespace plumbline::log::embedded {
namespace {

constexpr std::chrono::seconds kSendWaitMax{
    10};  // then a client that reads no acks is cut off: it must not hold up our end

// Acks leave on a thread of their own, so that a slow client never holds up the commit.
class AckSender final : public AckListener {
 public:
  explicit AckSender(int fd) : fd_(fd), thread_([this] { run(); }) {}
  ~AckSender() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }
  void on_acks(std::span<const Ack> acks) noexcept override {
    const std::lock_guard lock(mutex_);
    for (const Ack& ack : acks) {
      waiting_.append(reinterpret_cast<const char*>(&ack.token), 8);
      waiting_.push_back(static_cast<char>(ack.status));
      waiting_.append(reinterpret_cast<const char*>(&ack.offset), 8);
      put_word(waiting_, ack.reason);
    }
    wake_.notify_one();
  }
  void answer(const Status& status) {
    std::string body(1, status ? '\xff' : static_cast<char>(status.error().fault));
    put_word(body, status ? "" : status.error().code);
    if (!status) body += status.error().message;
    const std::lock_guard lock(send_mutex_);
    if (!send_frame(fd_, 2, body)) shutdown(fd_, SHUT_RDWR);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const std::string body = std::exchange(waiting_, {});
      lock.unlock();
      {
        const std::lock_guard sending(send_mutex_);
        if (!send_frame(fd_, 1, body))
          shutdown(fd_, SHUT_RDWR);  // a part of a frame may be out: nothing can follow
      }
      lock.lock();
    }
  }
  int fd_;
  std::mutex mutex_;
  std::mutex send_mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  bool closing_ = false;
  std::thread thread_;
};

// Bounds are checked although the peer is the same user: a damaged frame must not become a damaged log.
bool append_one(Producer& producer, std::string_view& from) {
  std::string_view topic;
  if (!take_word(from, topic) || from.size() < 8 + kRecordHeaderBytes) return false;
  std::uint64_t token = 0;
  std::memcpy(&token, from.data(), 8);
  from.remove_prefix(8);
  const RecordHeader h = record_at(from.data());
  std::uint64_t fixed = kRecordHeaderBytes + std::uint64_t{h.key_bytes} + h.value_bytes;
  if (h.bytes > from.size() || fixed > h.bytes || h.headers > kHeadersMax) return false;
  std::string_view rest = from.substr(fixed, h.bytes - fixed);
  for (std::uint32_t i = 0; i < h.headers; ++i) {
    std::uint32_t sizes[2];
    if (rest.size() < sizeof sizes) return false;
    std::memcpy(sizes, rest.data(), sizeof sizes);
    if (std::uint64_t{sizes[0]} + sizes[1] + 8 > rest.size()) return false;
    rest.remove_prefix(8 + sizes[0] + sizes[1]);
  }
  std::vector<Header> headers;
  headers_at(from.data(), h, headers);
  producer.append({topic, static_cast<std::int32_t>(h.partition), key_at(from.data(), h),
                   value_at(from.data(), h), headers, h.timestamp_ms},
                  token);
  from.remove_prefix(h.bytes);
  return true;
}

}  // namespace

Result<std::unique_ptr<SocketServer>> SocketServer::start(Log& log, const std::string& dir) {
  const int fd = unix_socket(dir, true);
  if (fd < 0) return fatal("io", "cannot listen on " + dir + "/owner.sock: " + std::strerror(errno));
  std::unique_ptr<SocketServer> server(new SocketServer(log, fd, dir));
  if (pipe(server->wake_) != 0) return fatal("io", "cannot make a pipe");
  server->thread_ = std::thread([own = server.get()] { own->accept_all(); });
  return server;
}

SocketServer::~SocketServer() {
  if (thread_.joinable()) {
    [[maybe_unused]] const ssize_t n = write(wake_[1], "x", 1);
    thread_.join();
  }
  unlink((dir_ + "/owner.sock").c_str());
  for (const int fd : {fd_, wake_[0], wake_[1]}) {
    if (fd >= 0) close(fd);
  }
}

void SocketServer::accept_all() {
  while (true) {
    pollfd waits[2] = {{fd_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    if (poll(waits, 2, 1000) < 0 && errno != EINTR) break;
    if (waits[1].revents != 0) break;
    for (auto it = peers_.begin(); it != peers_.end();) {
      if (!it->done) {
        ++it;
        continue;
      }
      it->thread.join();
      close(it->fd);
      it = peers_.erase(it);
    }
    if (waits[0].revents == 0) continue;
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const timeval patience{kSendWaitMax.count(), 0};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    Peer& peer = peers_.emplace_back();
    peer.fd = fd;
    peer.thread = std::thread([this, &peer] { serve(peer); });
  }
  for (Peer& peer : peers_) shutdown(peer.fd, SHUT_RD);
  for (Peer& peer : peers_) {
    peer.thread.join();
    close(peer.fd);
  }
}

void SocketServer::serve(Peer& peer) {
  {
    AckSender sender(peer.fd);
    auto producer = log_.producer(sender);
    std::string body;
    char kind = 0;
    bool fine = producer.ok();
    while (fine && receive_frame(peer.fd, kind, body)) {
      std::string_view from = body;
      if (kind == 1) {
        while (fine && !from.empty()) fine = append_one(**producer, from);
        (*producer)->submit();
      } else if (std::string_view name; kind == 2 && take_word(from, name)) {
        auto meta = decode_meta(std::string(name), from);
        sender.answer(meta ? log_.ensure_topic(meta->spec) : Status(meta.error()));
      } else {
        fine = false;
      }
    }
    if (producer) producer->reset();
  }
  shutdown(peer.fd, SHUT_RDWR);
  peer.done = true;
}

}  // namespace plumbline::log::embedded
