// A buffer for reads that see when a socket is empty. Asio 1.24 (Boost 1.81) tries every read at once before
// it waits, and takes a socket for empty only when nothing came: a server whose client waits for its answer
// pays a recv() for nothing with every request, about 0.4 µs. A read that leaves room in its buffer has
// emptied the socket, too: what comes later is an event of its own (epoll(7), questions and answers 9). An
// end of the stream that came together with the last bytes is none, so who reads this way looks for it now
// and then (Connection::sweep). With any other version of Boost these are ordinary reads.
#pragma once
#include <boost/asio/buffer.hpp>
#include <boost/asio/detail/reactive_socket_recv_op.hpp>
#include <boost/version.hpp>

namespace plumbline::http {

// A single buffer; holds the memory's place, not the memory.
class EmptyingBuffer : public boost::asio::mutable_buffer {
 public:
  explicit EmptyingBuffer(const boost::asio::mutable_buffer& buffer) : mutable_buffer(buffer) {}
};

}  // namespace plumbline::http

#if BOOST_VERSION / 100 == 1081 && defined(BOOST_ASIO_HAS_EPOLL)
namespace boost::asio::detail {

template <>
class reactive_socket_recv_op_base<plumbline::http::EmptyingBuffer> : public reactor_op {
 public:
  reactive_socket_recv_op_base(const boost::system::error_code& success_ec, socket_type socket,
                               socket_ops::state_type /*a stream's*/,
                               const plumbline::http::EmptyingBuffer& buffer,
                               socket_base::message_flags flags, func_type complete_func)
      : reactor_op(success_ec, &reactive_socket_recv_op_base::do_perform, complete_func),
        socket_(socket),
        buffer_(buffer),
        flags_(flags) {}

  static status do_perform(reactor_op* base) {
    auto* op = static_cast<reactive_socket_recv_op_base*>(base);
    const bool ended = socket_ops::non_blocking_recv1(op->socket_, op->buffer_.data(), op->buffer_.size(),
                                                      op->flags_, true, op->ec_, op->bytes_transferred_);
    if (!ended) return not_done;
    return op->bytes_transferred_ < op->buffer_.size() ? done_and_exhausted : done;
  }

 private:
  socket_type socket_;
  plumbline::http::EmptyingBuffer buffer_;
  socket_base::message_flags flags_;
};

}  // namespace boost::asio::detail
#endif
