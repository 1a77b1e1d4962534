// One connection: reads a request, gives it to the handler, writes the answer, again. A coroutine on its
// worker's thread.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "core/http/asio.h"
#include "core/http/chunked.h"
#include "core/http/server.h"
#include "core/http/worker.h"

namespace plumbline::http {

class Connection {
 public:
  Connection(EventWorker& worker, Socket socket, std::shared_ptr<asio::ssl::context> tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Serves until the connection ends; owns it meanwhile.
  static Awaitable<void> run(std::unique_ptr<Connection> self);
  void send(const Response& response);
  // Ends what waits past its deadline.
  void sweep(std::chrono::steady_clock::time_point now);
  void close_if_idle();
  // Lets go of the coroutine that waits for an answer that will not come; it ends with the worker's context.
  void abandon() { waiter_.reset(); }

  std::size_t slot = 0;  // in the worker's list

 private:
  enum class Phase { kHandshake, kIdle, kHead, kBody, kAnswering, kWriting, kLingering };
  enum class Step { kMore, kReady, kAnswered };

  template <class Stream>
  Awaitable<void> serve(Stream& stream);
  template <class Stream>
  Awaitable<bool> read_body(Stream& stream);
  template <class Stream>
  Awaitable<bool> read_chunks(Stream& stream);
  template <class Stream>
  Awaitable<bool> write_out(Stream& stream);
  template <class Stream>
  Awaitable<void> linger(Stream& stream);
  Awaitable<void> serve_tls();

  void enter(Phase phase, std::chrono::milliseconds allowed);
  Step take_head();
  Step begin_body();
  Step begin_chunks();
  bool take_budget(std::size_t bytes);
  bool reading_failed(const ErrorCode& ec);
  void refuse(const Refusal& refusal);
  void finish();
  [[nodiscard]] bool waits_for_client() const;
  [[nodiscard]] bool ended_by_client();
  [[nodiscard]] bool too_slow(std::chrono::steady_clock::time_point now) const;
  [[nodiscard]] asio::mutable_buffer room();

  EventWorker& worker_;
  Socket socket_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::string peer_;
  Request request_;
  PaddedBuffer input_;  // [0, filled_): the head being served, then what was read ahead
  std::size_t filled_ = 0;
  std::size_t searched_ = 0;    // of a head's end
  std::size_t head_bytes_ = 0;  // 0: no head yet
  std::size_t used_ = 0;        // of input_, by head and body
  std::size_t body_got_ = 0;
  std::size_t budget_taken_ = 0;
  std::string out_;
  std::optional<Waiter> waiter_;
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::steady_clock::time_point body_since_;
  Phase phase_ = Phase::kIdle;
  bool answered_ = false;
  bool head_read_ = false;  // request_.head is one
  bool close_ = false;
  bool body_unread_ = false;  // bytes of a body may still come: linger after closing
  bool expired_ = false;
  bool look_for_end_ = false;  // a read may have taken the last bytes, but not their end (EmptyingBuffer)
};

}  // namespace plumbline::http
