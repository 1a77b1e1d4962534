#include "core/log/kafka/wire/link.h"

#include <array>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "core/log/kafka/wire/messages.h"

namespace plumbline::log::kafka::wire {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectMax = 5s, kVersionsMax = 5s;
constexpr std::size_t kBytesMsLeast = 1000;  // of a frame
constexpr auto kIdle = 1s;
constexpr std::int32_t kAnswerBytesMax = 64 << 20;
constexpr std::size_t kAnswerHead = 8;  // length and correlation id

}  // namespace

Error Link::broken(std::string_view doing, const ErrorCode& ec) const {
  std::string why = ec.message() + "; is a broker listening there (kafka.brokers, its advertised.listeners)?";
  if (ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) {
    why = "no answer in time";
  } else if (ec == asio::error::eof || ec == asio::error::invalid_argument) {
    why = ec == asio::error::eof ? "it closed the connection" : "its answer makes no sense";
    why += "; if it wants TLS or SASL, set kafka.options";
  }
  return retryable("log_unreachable", "kafka: " + std::string(doing) + " " + name_ + ": " + why);
}

Awaitable<Status> Link::connect(const std::string& host, int port) {
  ErrorCode ec;
  name_ = host + ":" + std::to_string(port);
  const auto found =
      co_await resolver_.async_resolve(host, std::to_string(port), asio::redirect_error(kUse, ec));
  if (ec) co_return broken("resolving", ec);
  co_await asio::async_connect(socket_, found, asio::redirect_error(kUse, ec));
  if (ec) co_return broken("connecting to", ec);
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  socket_.set_option(asio::socket_base::keep_alive(true), ec);
  co_return ok_status();
}

Awaitable<Status> Link::open(std::string host, int port) {
  close();
  until_ = Clock::now() + kConnectMax;
  Status connected = co_await connect(host, port);
  until_ = Time::max();
  if (!connected) {
    close();
    co_return connected;
  }
  std::string question;
  ask_versions(question, correlation_);
  const std::array<asio::const_buffer, 1> frame{asio::buffer(question)};
  const auto answer = co_await exchange(frame, kVersionsMax);
  if (!answer) co_return answer.error();
  Status known = read_versions(*answer);
  ready_ = known.ok();
  if (!ready_) close();
  co_return known;
}

Awaitable<Result<std::string_view>> Link::exchange(std::span<const asio::const_buffer> frame,
                                                   std::chrono::milliseconds longest) {
  ErrorCode ec;
  const std::int32_t asked = correlation_++;
  until_ = Clock::now() + longest + std::chrono::milliseconds(asio::buffer_size(frame) / kBytesMsLeast);
  co_await asio::async_write(socket_, frame, asio::redirect_error(kUse, ec));
  std::size_t have = 0, want = kAnswerHead;
  if (answer_.size() < 512) answer_.resize(512);
  std::int32_t bytes = 0, answered = 0;
  while (!ec && have < want) {
    have += co_await socket_.async_read_some(asio::buffer(answer_.data() + have, answer_.size() - have),
                                             asio::redirect_error(kUse, ec));
    if (ec || have < kAnswerHead || want > kAnswerHead) continue;
    Reader head(std::string_view(answer_.data(), kAnswerHead));
    bytes = head.i32();
    answered = head.i32();
    if (answered != asked || bytes < 4 || bytes > kAnswerBytesMax) {
      ec = asio::error::invalid_argument;
      break;
    }
    want = static_cast<std::size_t>(bytes) + 4;
    if (answer_.size() < want) answer_.resize(want);
  }
  if (!ec && have > want) ec = asio::error::invalid_argument;  // nothing else was asked
  until_ = Time::max();
  used_at_ = Clock::now();
  if (ec) {
    close();
    co_return broken("asking", ec);
  }
  co_return std::string_view(answer_).substr(kAnswerHead, want - kAnswerHead);
}

bool Link::left() {
  if (!ready_ || Clock::now() - used_at_ < kIdle) return false;
  ErrorCode ec;
  socket_.non_blocking(true, ec);
  char byte = 0;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, ec);
  return ec != asio::error::would_block;
}

void Link::close() {
  ErrorCode ignored;
  resolver_.cancel();
  socket_.close(ignored);
  ready_ = false;
  correlation_ = 0;
}

void Link::sweep(Time now) {
  if (now >= until_) close();
}

}  // namespace plumbline::log::kafka::wire
