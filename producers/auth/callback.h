// Where the browser comes back to (RFC 8252, section 7.3): a port of 127.0.0.1 that the kernel chose, open
// until the answer with the right state is there. Answers GET only, one small page; reads no body. Not
// thread-safe.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "core/result.h"

namespace plumbline::auth {

class Callback {
 public:
  // Retryable "callback" when no port can be had.
  [[nodiscard]] static Result<Callback> open();
  Callback(Callback&& other) noexcept;
  Callback& operator=(Callback&&) = delete;
  ~Callback();

  // http://127.0.0.1:PORT/callback
  [[nodiscard]] std::string redirect_uri() const;

  // The code that came with `state`. What comes with another state, or to another path, is answered and
  // waited on: any page may send a browser here. Poison "denied": the person said no. Retryable "timeout".
  [[nodiscard]] Result<std::string> wait(std::string_view state, std::chrono::milliseconds patience);

 private:
  explicit Callback(int fd, int port) : fd_(fd), port_(port) {}
  int fd_ = -1;
  int port_ = 0;
};

}  // namespace plumbline::auth
