// The parts of a connection that don't wait: what was read, what is written next, which deadline holds.
#include <charconv>
#include <cstring>
#include <utility>

#include "core/http/connection.h"

namespace plumbline::http {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kChunkReadBytes = 16384;
constexpr std::size_t kOutBytesKept = std::size_t{64} << 10;

std::string_view phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void append_number(std::string& out, std::size_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace

Connection::Connection(EventWorker& worker, Socket socket, std::shared_ptr<asio::ssl::context> tls)
    : worker_(worker), socket_(std::move(socket)), tls_(std::move(tls)) {
  worker_.add(*this);
  ErrorCode unknown;
  const auto other = socket_.remote_endpoint(unknown);
  if (!unknown) peer_ = other.address().to_string();
  request_.peer = peer_;
}

Connection::~Connection() {
  worker_.budget().give_back(budget_taken_);
  worker_.remove(*this);
}

void Responder::send(const Response& response) {
  Connection* connection = std::exchange(connection_, nullptr);
  if (connection != nullptr) connection->send(response);
}

void Connection::enter(Phase phase, std::chrono::milliseconds allowed) {
  phase_ = phase;
  deadline_ = allowed == 0ms ? std::chrono::steady_clock::time_point::max() : worker_.now() + allowed;
}

void Connection::sweep(std::chrono::steady_clock::time_point now) {
  ErrorCode ignored;
  if (now < deadline_ && !(phase_ == Phase::kBody && too_slow(now))) {
    if (look_for_end_ && waits_for_client() && ended_by_client()) socket_.cancel(ignored);
    return;
  }
  expired_ = true;
  socket_.cancel(ignored);
}

void Connection::close_if_idle() {
  if (phase_ == Phase::kIdle && filled_ == 0) {
    deadline_ = worker_.now();
    sweep(worker_.now());
  }
}

bool Connection::waits_for_client() const {
  return phase_ == Phase::kIdle || phase_ == Phase::kHead || phase_ == Phase::kBody;
}

bool Connection::ended_by_client() {
  look_for_end_ = false;
  char byte = 0;
  ErrorCode ec;
  socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, ec);
  return ec == asio::error::eof;
}

bool Connection::too_slow(std::chrono::steady_clock::time_point now) const {
  const auto counted = now - body_since_ - worker_.options().body_grace;
  if (counted <= 0s) return false;
  const double seconds = std::chrono::duration<double>(counted).count();
  return static_cast<double>(body_got_) < seconds * static_cast<double>(worker_.options().body_bytes_s_min);
}

asio::mutable_buffer Connection::room() {
  if (filled_ == input_.capacity() || input_.capacity() == 0) {
    input_.resize(std::max(input_.capacity() * 2, kReadBytes));
  }
  return asio::buffer(input_.data() + filled_, input_.capacity() - filled_);
}

Connection::Step Connection::take_head() {
  bool bare_lf = false;
  const std::string_view bytes{input_.data(), filled_};
  head_bytes_ = find_head_end(bytes.substr(0, kHeadBytesMax), searched_, bare_lf);
  if (bare_lf) return refuse({400, "bare_lf", "end lines with CRLF"}), Step::kAnswered;
  if (head_bytes_ == 0) {
    searched_ = filled_ > 2 ? filled_ - 2 : 0;
    if (filled_ < kHeadBytesMax) return Step::kMore;
    return refuse({431, "head_too_large", "keep request line and fields within 16 KiB"}), Step::kAnswered;
  }
  used_ = head_bytes_;
  if (const auto refusal = parse_head(bytes.substr(0, head_bytes_), request_.head)) {
    return refuse(*refusal), Step::kAnswered;
  }
  if (!request_.head.keep_alive) close_ = true;
  return Step::kReady;
}

// Everything that is decided before a body is read: its size, what the handler says to the head, the budget.
Connection::Step Connection::begin_body() {
  request_.of_handler = nullptr;
  head_read_ = true;
  body_got_ = 0;
  body_unread_ = request_.head.has_body();
  const std::size_t length = static_cast<std::size_t>(request_.head.content_length.value_or(0));
  if (length > worker_.options().body_bytes_max) {
    return refuse({413, "body_too_large", "send fewer traces in a request"}), Step::kAnswered;
  }
  Responder responder(*this);
  if (!worker_.handler().on_head(request_.head, responder)) {
    if (body_unread_) close_ = true;
    return Step::kAnswered;
  }
  if (!body_unread_) return Step::kReady;
  if (!take_budget(length)) return Step::kAnswered;
  body_since_ = worker_.now();
  request_.body = worker_.take_buffer();
  enter(Phase::kBody, 0ms);
  if (request_.head.chunked) return begin_chunks();
  request_.body.resize(length);
  body_got_ = std::min(length, filled_ - head_bytes_);
  std::memcpy(request_.body.data(), input_.data() + head_bytes_, body_got_);
  used_ = head_bytes_ + body_got_;
  body_unread_ = body_got_ < length;
  return body_unread_ ? Step::kMore : Step::kReady;
}

// Chunks are read behind the head, which must not move while they are: room for them is made first.
Connection::Step Connection::begin_chunks() {
  if (input_.capacity() < filled_ + kChunkReadBytes) {
    input_.resize(filled_ + kChunkReadBytes);
    static_cast<void>(parse_head({input_.data(), head_bytes_}, request_.head));  // its views moved
  }
  return Step::kMore;
}

bool Connection::take_budget(std::size_t bytes) {
  if (bytes <= budget_taken_) return true;
  const std::size_t wanted = request_.head.chunked ? std::max(bytes, budget_taken_ + kChunkReadBytes) : bytes;
  if (!worker_.budget().try_take(wanted - budget_taken_)) {
    refuse({503, "overloaded", "send again after Retry-After"});
    return false;
  }
  budget_taken_ = wanted;
  return true;
}

// What an interrupted read means: false when an answer was made (a slow client), true when the connection is
// over.
bool Connection::reading_failed(const ErrorCode& ec) {
  if (!expired_ || ec != asio::error::operation_aborted) return true;
  if (phase_ != Phase::kHead && phase_ != Phase::kBody) return true;
  body_unread_ = true;
  refuse(phase_ == Phase::kHead
             ? Refusal{408, "head_timeout", "send the whole head within the header time-out"}
             : Refusal{408, "body_too_slow", "send the body faster, or in smaller requests"});
  return false;
}

void Connection::refuse(const Refusal& refusal) {
  close_ = true;
  body_unread_ = true;
  Refusal told = refusal;
  told.head = head_read_ ? &request_.head : nullptr;
  worker_.handler().on_refusal(told, Responder(*this));
}

void Connection::send(const Response& response) {
  const bool close = close_ || response.close || worker_.draining() || body_unread_;
  out_.clear();
  out_ += "HTTP/1.1 ";
  append_number(out_, static_cast<std::size_t>(response.status));
  out_ += ' ';
  out_ += phrase(response.status);
  out_ += "\r\nDate: ";
  out_ += worker_.date();
  if (!response.content_type.empty()) {
    out_ += "\r\nContent-Type: ";
    out_ += response.content_type;
  }
  // RFC 9110, section 8.6: none with 204; with 304 it would be the length of what is not sent.
  if (response.status != 204 && response.status != 304) {
    out_ += "\r\nContent-Length: ";
    append_number(out_, response.body.size());
  }
  out_ += "\r\n";
  out_ += response.extra_fields;
  if (close) out_ += "Connection: close\r\n";
  out_ += "\r\n";
  if (head_bytes_ == 0 || request_.head.method != "HEAD") out_ += response.body;
  close_ = close;
  answered_ = true;
  if (waiter_) {
    Waiter waiter = std::move(*waiter_);
    waiter_.reset();
    waiter();
  }
}

// Makes ready for the next request of the connection, which may have been read ahead.
void Connection::finish() {
  worker_.budget().give_back(std::exchange(budget_taken_, 0));
  if (request_.body.capacity() > 0) worker_.give_buffer(std::move(request_.body));
  const std::size_t ahead = filled_ - used_;
  if (ahead > 0) std::memmove(input_.data(), input_.data() + used_, ahead);
  filled_ = ahead;
  used_ = searched_ = head_bytes_ = 0;
  answered_ = expired_ = body_unread_ = head_read_ = false;
  if (out_.capacity() > kOutBytesKept) out_ = std::string();
  if (ahead > 0) {
    enter(Phase::kHead, worker_.options().header_timeout);
  } else {
    enter(Phase::kIdle, worker_.options().idle_timeout);
  }
}

}  // namespace plumbline::http
