// A connection to one broker: a request, then its answer, by one coroutine. Used on the sender's thread only.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>

#include "core/log/kafka/wire/asio.h"
#include "core/result.h"

namespace plumbline::log::kafka::wire {

class Link {
 public:
  explicit Link(asio::io_context& context) : resolver_(context), socket_(context) {}

  // Resolves, connects and asks whether the broker knows our requests. Errors: "log_unreachable" (retryable),
  // those of read_versions.
  Awaitable<Status> open(std::string host, int port);
  // Sends a whole frame and reads the answer to it: what follows the correlation id, until the next exchange.
  // `longest` is for the answer; sending may take a second more for each megabyte. Errors: "log_unreachable"
  // (retryable); the link is closed then.
  Awaitable<Result<std::string_view>> exchange(std::span<const asio::const_buffer> frame,
                                               std::chrono::milliseconds longest);

  // The number of the next request.
  [[nodiscard]] std::int32_t correlation() const { return correlation_; }
  [[nodiscard]] bool is_open() const { return ready_; }
  // Looks whether the broker has closed it while nothing was asked, as it does after ten idle minutes.
  [[nodiscard]] bool left();
  void close();
  // Closes it when what is under way has taken too long.
  void sweep(Time now);

 private:
  Awaitable<Status> connect(const std::string& host, int port);
  Error broken(std::string_view doing, const ErrorCode& ec) const;

  Resolver resolver_;
  Socket socket_;
  std::string name_, answer_;
  std::int32_t correlation_ = 0;
  Time until_ = Time::max();  // of what is under way
  Time used_at_;
  bool ready_ = false;
};

}  // namespace plumbline::log::kafka::wire
