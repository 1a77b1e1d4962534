// A client that sends exactly the bytes it is told, over a loopback socket, for tests of what servers must
// refuse. Reads wait on the socket with a deadline; nothing sleeps.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace plumbline::test {

struct RawResponse {
  int status = 0;                             // 0: none came
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
};

class RawHttp {
 public:
  explicit RawHttp(int port);
  ~RawHttp();
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  // False when the peer has closed.
  bool send(std::string_view bytes);
  // The next response; 1xx responses are responses too. Status 0 after end of stream or the deadline.
  RawResponse receive(std::chrono::milliseconds deadline = std::chrono::seconds(60), bool head_only = false);
  // True when the peer closes the connection before the deadline and sends nothing more.
  bool closed(std::chrono::milliseconds deadline = std::chrono::seconds(60));
  void shutdown_send();

 private:
  bool fill(std::chrono::steady_clock::time_point end);
  int fd_ = -1;
  std::string got_;
};

}  // namespace plumbline::test
