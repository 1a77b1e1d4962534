// The limit that the edge is measured against: a bare Boost.Beast server that reads the body and answers 202.
// No signature, no JSON, no log. One io_context a thread, callbacks, keep-alive. usage: beast_server PORT
// THREADS; prints "ready" when it listens; ends on SIGTERM.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr char kAccepted[] =
    "HTTP/1.1 202 Accepted\r\nContent-Length: 14\r\nContent-Type: application/json\r\n\r\n{\"accepted\":1}";

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(Socket socket) : socket_(std::move(socket)) {}
  void read() {
    parser_.emplace();
    parser_->body_limit(16 << 20);
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
                       if (!failed) self->write();
                     });
  }

 private:
  void write() {
    asio::async_write(socket_, asio::buffer(kAccepted, sizeof kAccepted - 1),
                      [self = shared_from_this()](boost::system::error_code failed, std::size_t) {
                        if (!failed) self->read();
                      });
  }

  Socket socket_;
  boost::beast::flat_static_buffer<16384> buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
};

void accept_on(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](boost::system::error_code failed, Socket socket) {
    if (!failed) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket))->read();
    }
    if (failed != asio::error::operation_aborted) accept_on(acceptor);
  });
}

void serve(unsigned short port, asio::io_context& io) {
  Acceptor acceptor(io);
  acceptor.open(tcp::v4());
  acceptor.set_option(asio::socket_base::reuse_address(true));
  const int one = 1;
  setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  acceptor.bind({asio::ip::address_v4::loopback(), port});
  acceptor.listen(1024);
  accept_on(acceptor);
  io.run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto port = static_cast<unsigned short>(std::atoi(argv[1]));
  std::vector<std::unique_ptr<asio::io_context>> loops;
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(argv[2]); ++i) loops.push_back(std::make_unique<asio::io_context>(1));
  asio::signal_set signals(*loops.front(), SIGTERM, SIGINT);
  signals.async_wait([&loops](boost::system::error_code, int) {
    for (auto& io : loops) io->stop();
  });
  for (auto& io : loops) threads.emplace_back([port, &io] { serve(port, *io); });
  std::puts("ready");
  std::fflush(stdout);
  threads.clear();  // joins: the signal set must outlive the loops
  return 0;
}
