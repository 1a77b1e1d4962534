// TLS: the version's floor, a certificate swapped while connections are served, a pair that doesn't fit.
#include <filesystem>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/http/server.h"
#include "tests/support/process/process.h"

namespace plumbline::http {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::asio::ip::tcp;

class Hello : public Handler {
 public:
  bool on_head(const RequestHead&, Responder&) override { return true; }
  void on_request(Request&, Responder responder) override {
    responder.send({.status = 200, .body = "hello"});
  }
  void on_refusal(const Refusal& refusal, Responder responder) override {
    responder.send({.status = refusal.status});
  }
};

class Tls : public ::testing::Test {
 protected:
  // A new self-signed pair for `name`, put where the server looks.
  void make_pair_of(const std::string& name) {
    const auto folder = folder_.path() / name;
    std::filesystem::create_directory(folder);
    test::Process openssl(
        {.command = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", folder / "key.pem", "-out",
                     folder / "cert.pem"},
         .environment = {},
         .output = folder / "output"});
    openssl.start();
    ASSERT_TRUE(test::wait_for([&] { return !openssl.running(); }));
    ASSERT_TRUE(std::filesystem::exists(folder / "cert.pem")) << openssl.output_tail();
  }
  void use(const std::string& cert_of, const std::string& key_of) {
    constexpr auto kOver = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(folder_.path() / cert_of / "cert.pem", cert_, kOver);
    std::filesystem::copy_file(folder_.path() / key_of / "key.pem", key_, kOver);
  }
  void start() {
    options_.tls_cert_file = cert_;
    options_.tls_key_file = key_;
    server_.emplace(
        options_, [](Worker&) { return std::make_unique<Hello>(); }, budget_);
    const Status status = server_->start();
    ASSERT_TRUE(status.ok()) << status.error().message;
  }

  struct Client {
    asio::io_context context;
    ssl::context tls{ssl::context::tls_client};
    ssl::stream<tcp::socket> stream{context, tls};
    explicit Client(int port, int version_max = TLS1_3_VERSION) {
      SSL_set_max_proto_version(stream.native_handle(), version_max);
      SSL_set_min_proto_version(stream.native_handle(), TLS1_VERSION);
      SSL_set_security_level(stream.native_handle(), 0);
      stream.next_layer().connect({asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
    }
    bool shake() {
      boost::system::error_code ec;
      stream.handshake(ssl::stream_base::client, ec);
      return !ec;
    }
    std::string peer() {
      X509* certificate = SSL_get1_peer_certificate(stream.native_handle());
      char name[100] = {};
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
      X509_free(certificate);
      return name;
    }
    std::string ask() {
      asio::write(stream, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
      std::string answer;
      asio::read_until(stream, asio::dynamic_buffer(answer), "hello");
      return answer.substr(0, 15);
    }
  };
  std::string peer_now() {
    Client client(server_->port());
    return client.shake() ? client.peer() : "no handshake";
  }

  test::TempFolder folder_{"tls"};
  std::string cert_ = folder_.path() / "cert.pem";
  std::string key_ = folder_.path() / "key.pem";
  ServerOptions options_;
  Budget budget_{1 << 20};
  std::optional<Server> server_;
};

TEST_F(Tls, ServesFromTls12Up) {
  make_pair_of("one");
  use("one", "one");
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client(server_->port(), version);
    ASSERT_TRUE(client.shake());
    EXPECT_EQ(client.ask(), "HTTP/1.1 200 OK");
    EXPECT_EQ(client.ask(), "HTTP/1.1 200 OK") << "kept alive";
  }
  Client old(server_->port(), TLS1_1_VERSION);
  EXPECT_FALSE(old.shake());
}

TEST_F(Tls, SwapsOnlyAPairThatFits) {
  make_pair_of("one");
  make_pair_of("two");
  use("one", "one");
  options_.tls_check_interval = std::chrono::hours(1);
  start();
  Client before(server_->port());
  ASSERT_TRUE(before.shake());
  use("two", "one");
  const Status refused = server_->reload_tls();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "tls");
  EXPECT_EQ(peer_now(), "one");
  use("two", "two");
  EXPECT_TRUE(server_->reload_tls().ok());
  EXPECT_EQ(peer_now(), "two");
  EXPECT_EQ(before.ask(), "HTTP/1.1 200 OK") << "open connections go on";
}

TEST_F(Tls, NoticesChangedFiles) {
  make_pair_of("one");
  make_pair_of("two");
  use("one", "one");
  options_.tls_check_interval = std::chrono::milliseconds(1);
  start();
  EXPECT_EQ(peer_now(), "one");
  use("two", "two");
  EXPECT_TRUE(test::wait_for([this] { return peer_now() == "two"; }));
}

TEST_F(Tls, RefusesToStartWithAPairThatDoesNotFit) {
  make_pair_of("one");
  make_pair_of("two");
  use("one", "two");
  options_.tls_cert_file = cert_;
  options_.tls_key_file = key_;
  server_.emplace(
      options_, [](Worker&) { return std::make_unique<Hello>(); }, budget_);
  const Status status = server_->start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("tls_key_file"), std::string::npos);
}

}  // namespace
}  // namespace plumbline::http
