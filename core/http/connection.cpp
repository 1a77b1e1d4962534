#include "core/http/connection.h"

#include <type_traits>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "core/http/emptying_buffer.h"

namespace plumbline::http {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t kReadBytes = 4096;  // while lingering
constexpr auto kWriteTimeout = 10s;       // an answer is small: who doesn't take it in time has gone
constexpr auto kLingerTimeout = 2s;
constexpr std::size_t kLingerBytesMax =
    1 << 20;  // of an unwanted body, read so that the answer isn't reset away
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// A request mostly comes whole: then the read of its head leaves a plain socket empty.
template <class Stream>
auto for_head(asio::mutable_buffer room) {
  if constexpr (std::is_same_v<Stream, Socket>) {
    return EmptyingBuffer(room);
  } else {
    return room;
  }
}

}  // namespace

template <class Stream>
Awaitable<void> Connection::serve(Stream& stream) {
  enter(Phase::kIdle, worker_.options().header_timeout);  // a new connection must speak soon
  while (true) {
    Step step = take_head();
    if (step == Step::kMore) {
      ErrorCode ec;
      const std::size_t got =
          co_await stream.async_read_some(for_head<Stream>(room()), asio::redirect_error(kUse, ec));
      filled_ += got;
      look_for_end_ = !tls_;
      if (ec && reading_failed(ec)) co_return;
      if (!ec && phase_ == Phase::kIdle) enter(Phase::kHead, worker_.options().header_timeout);
      if (!answered_) continue;
    } else if (step == Step::kReady) {
      step = begin_body();
      if (step == Step::kMore && !co_await read_body(stream)) co_return;
      enter(Phase::kAnswering, 0ms);
      if (!answered_) worker_.handler().on_request(request_, Responder(*this));
    }
    if (!answered_) {
      co_await asio::async_initiate<const Use&, void()>(
          [this](auto handler) { waiter_.emplace(std::move(handler)); }, kUse);
    }
    if (!co_await write_out(stream)) co_return;
    if (close_) break;
    finish();
  }
  co_await linger(stream);
}

// Reads the rest of the body. False: the connection is gone. After a refusal: true with answered_.
template <class Stream>
Awaitable<bool> Connection::read_body(Stream& stream) {
  if (request_.head.expect_continue && body_got_ == 0) {
    ErrorCode ec;
    co_await asio::async_write(stream, asio::buffer(kContinue), asio::redirect_error(kUse, ec));
    if (ec) co_return false;
  }
  if (request_.head.chunked) co_return co_await read_chunks(stream);
  while (body_got_ < request_.body.size()) {
    ErrorCode ec;
    const auto rest = asio::buffer(request_.body.data() + body_got_, request_.body.size() - body_got_);
    body_got_ += co_await stream.async_read_some(rest, asio::redirect_error(kUse, ec));
    if (ec && body_got_ < request_.body.size()) co_return !reading_failed(ec);
  }
  body_unread_ = false;
  co_return true;
}

template <class Stream>
Awaitable<bool> Connection::read_chunks(Stream& stream) {
  ChunkDecoder decoder(worker_.options().body_bytes_max);
  while (true) {
    std::string_view arrived{input_.data() + used_, filled_ - used_};
    if (!take_budget(request_.body.size() + arrived.size())) co_return true;
    body_got_ += arrived.size();
    if (const auto refusal = decoder.feed(arrived, request_.body)) co_return refuse(*refusal), true;
    if (decoder.done()) {
      used_ = filled_ - arrived.size();
      body_unread_ = false;
      co_return true;
    }
    filled_ = used_;  // all of it is in the body now
    ErrorCode ec;
    const auto free = asio::buffer(input_.data() + used_, input_.capacity() - used_);
    filled_ += co_await stream.async_read_some(free, asio::redirect_error(kUse, ec));
    if (ec) co_return !reading_failed(ec);
  }
}

template <class Stream>
Awaitable<bool> Connection::write_out(Stream& stream) {
  enter(Phase::kWriting, kWriteTimeout);
  std::size_t written = 0;
  ErrorCode ec;
  if constexpr (std::is_same_v<Stream,
                               Socket>) {  // most answers fit the socket's buffer: no need to wait for it
    written = socket_.write_some(asio::buffer(out_), ec);
    if (ec && ec != asio::error::would_block) co_return false;
  }
  if (written < out_.size()) {
    ec.clear();
    co_await asio::async_write(stream, asio::buffer(out_.data() + written, out_.size() - written),
                               asio::redirect_error(kUse, ec));
  }
  co_return !ec;
}

// Closes so that the client can still read the answer: no more sending, then the rest of its bytes for a
// moment.
template <class Stream>
Awaitable<void> Connection::linger(Stream& stream) {
  enter(Phase::kLingering, kLingerTimeout);
  ErrorCode ec;
  if constexpr (!std::is_same_v<Stream, Socket>) {
    if (!body_unread_) co_await stream.async_shutdown(asio::redirect_error(kUse, ec));
  }
  socket_.shutdown(Socket::shutdown_send, ec);
  input_.resize(kReadBytes);
  for (std::size_t total = 0; !ec && total < kLingerBytesMax;) {
    total += co_await socket_.async_read_some(asio::buffer(input_.data(), input_.size()),
                                              asio::redirect_error(kUse, ec));
  }
}

Awaitable<void> Connection::serve_tls() {
  asio::ssl::stream<Socket&> stream(socket_, *tls_);
  enter(Phase::kHandshake, worker_.options().header_timeout);
  ErrorCode ec;
  co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(kUse, ec));
  if (!ec) co_await serve(stream);
}

Awaitable<void> Connection::run(std::unique_ptr<Connection> self) {
  if (self->tls_) {
    co_await self->serve_tls();
  } else {
    co_await self->serve(self->socket_);
  }
}

}  // namespace plumbline::http
