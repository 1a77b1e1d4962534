// The owner's Unix socket (mode 0600): other processes of the same user append and make topics through it.
//
// Frames: u32 bytes, u8 kind, body. To the owner: 1 append batch = { u32 topic bytes, topic, u64 token,
// record as in format.h }*; 2 ensure topic = topic bytes, name, encoded meta. From the owner: 1 acks = { u64
// token, u8 status, i64 offset, u32 reason bytes, reason }*; 2 answer = u8 fault (255: fine), u32 code bytes,
// code, message.
#pragma once
#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/log/log.h"

namespace plumbline::log::embedded {

inline constexpr std::size_t kSocketFrameBytesMax = std::size_t{128} << 20;  // a full queue in one submit

class SocketServer {
 public:
  static Result<std::unique_ptr<SocketServer>> start(Log& log, const std::string& dir);
  ~SocketServer();

 private:
  struct Peer {
    int fd = -1;
    std::atomic<bool> done{false};
    std::thread thread;
  };
  SocketServer(Log& log, int fd, std::string dir) : log_(log), fd_(fd), dir_(std::move(dir)) {}
  void accept_all();
  void serve(Peer& peer);

  Log& log_;
  int fd_;
  std::string dir_;
  int wake_[2] = {-1, -1};
  std::thread thread_;
  std::list<Peer> peers_;  // only the accepting thread
};

// Shared with the client.
bool send_frame(int fd, char kind, std::string_view body);
bool receive_frame(int fd, char& kind, std::string& body);
void put_word(std::string& to, std::string_view word);  // u32 bytes, bytes
// Takes from the front of `from`; false when it is too short.
bool take_word(std::string_view& from, std::string_view& word);
int unix_socket(const std::string& dir, bool listen_on_it);

}  // namespace plumbline::log::embedded
