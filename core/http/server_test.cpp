// The strict server over real sockets, with bytes that only an attacker or a broken client sends.
#include "core/http/server.h"

#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/raw_http.h"

namespace plumbline::http {
namespace {

using test::RawHttp;
using test::RawResponse;

// Answers with the body it got; "/hold" waits until the test releases it from another thread.
class Echo : public Handler {
 public:
  Echo(Worker& worker, std::mutex& mutex, std::vector<std::function<void()>>& held)
      : worker_(worker), mutex_(mutex), held_(held) {}
  bool on_head(const RequestHead& head, Responder& responder) override {
    if (head.path() != "/refused") return true;
    responder.send({.status = 401});
    return false;
  }
  void on_request(Request& request, Responder responder) override {
    if (request.head.path() != "/hold") {
      responder.send({.status = 200, .content_type = "text/plain", .body = request.body.view()});
      return;
    }
    const std::scoped_lock lock(mutex_);
    held_.push_back([this, responder, body = std::string(request.body.view())]() mutable {
      worker_.post([responder, body]() mutable { responder.send({.status = 202, .body = body}); });
    });
  }
  void on_refusal(const Refusal& refusal, Responder responder) override {
    responder.send({.status = refusal.status, .body = refusal.code});
  }

 private:
  Worker& worker_;
  std::mutex& mutex_;
  std::vector<std::function<void()>>& held_;
};

class HttpServer : public ::testing::Test {
 protected:
  void start() {
    server_.emplace(
        options_, [this](Worker& worker) { return std::make_unique<Echo>(worker, mutex_, held_); }, budget_);
    const Status status = server_->start();
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  // What one connection says to `bytes`: the status, and whether it closes afterwards.
  void expect_refused(std::string_view bytes, int status, std::string_view code) {
    RawHttp client(server_->port());
    client.send(bytes);
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, status) << bytes.substr(0, 200);
    EXPECT_EQ(response.body, code) << bytes.substr(0, 200);
    EXPECT_TRUE(client.closed()) << bytes.substr(0, 200);
  }
  void release(std::size_t wanted) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (std::size_t released = 0; released < wanted && std::chrono::steady_clock::now() < end;) {
      std::vector<std::function<void()>> ready;
      {
        const std::scoped_lock lock(mutex_);
        ready.swap(held_);
      }
      for (auto& answer : ready) answer();
      released += ready.size();
      if (ready.empty()) std::this_thread::yield();
    }
  }
  std::size_t held() {
    const std::scoped_lock lock(mutex_);
    return held_.size();
  }

  std::mutex mutex_;
  std::vector<std::function<void()>> held_;
  ServerOptions options_ = [] {
    ServerOptions options;
    options.body_bytes_max = 1 << 20;
    return options;
  }();
  Budget budget_{8 << 20};
  std::optional<Server> server_;
};

TEST_F(HttpServer, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
  start();
  RawHttp client(server_->port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body " + std::to_string(i);
    all += "POST /" + std::string(i % 7 == 0 ? "hold" : "x") +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  ASSERT_TRUE(client.send(all));
  std::jthread releaser([this] { release(8); });
  for (int i = 0; i < 50; ++i) {
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, i % 7 == 0 ? 202 : 200);
    EXPECT_EQ(response.body, "body " + std::to_string(i));
    EXPECT_EQ(response.fields.count("date"), 1U);
  }
}

TEST_F(HttpServer, RefusesAndClosesWhatCouldBeReadTwoWays) {
  start();
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  expect_refused(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
                 "length_and_encoding");
  expect_refused(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "bad_transfer_encoding");
  expect_refused(post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400, "bad_transfer_encoding");
  expect_refused(post + "Transfer-Encoding: xchunked\r\n\r\n", 400, "bad_transfer_encoding");
  expect_refused("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                 "bad_transfer_encoding");
  expect_refused(post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, "bad_content_length");
  expect_refused(post + "Content-Length: 3, 3\r\n\r\nabc", 400, "bad_content_length");
  expect_refused(post + "Content-Length: +3\r\n\r\nabc", 400, "bad_content_length");
  expect_refused(post + "Content-Length: 0x3\r\n\r\nabc", 400, "bad_content_length");
  expect_refused(post + "Content-Length: 9999999999999999999999\r\n\r\n", 400, "bad_content_length");
  expect_refused(post + "Content-Length: \r\n\r\n", 400, "bad_content_length");
  expect_refused("POST / HTTP/1.1\nHost: h\r\n\r\n", 400, "bare_lf");
  expect_refused(post + "A: b\nC: d\r\n\r\n", 400, "bare_lf");
  expect_refused(post + "A: b\rC: d\r\n\r\n", 400, "bad_field_value");
  expect_refused(post + "A: b\r\n folded\r\n\r\n", 400, "obs_fold");
  expect_refused(post + "Content-Length : 3\r\n\r\nabc", 400, "bad_field_name");
  expect_refused(post + ": 3\r\n\r\n", 400, "bad_field_name");
  expect_refused(post + "no colon\r\n\r\n", 400, "bad_field_name");
  expect_refused(post + std::string("A: b\0c\r\n\r\n", 10), 400, "bad_field_value");
  expect_refused(post + std::string("A\0: bc\r\n\r\n", 10), 400, "bad_field_name");
}

TEST_F(HttpServer, RefusesBadRequestLinesAndHosts) {
  start();
  expect_refused("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line");
  expect_refused("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400, "bad_request_line");
  expect_refused("GET /\r\n\r\n", 400, "bad_request_line");
  expect_refused("GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line");
  expect_refused("GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line");
  expect_refused("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "bad_request_line");
  expect_refused("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "http_version");
  expect_refused("GET / HTTP/1.1\r\n\r\n", 400, "bad_host");
  expect_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "bad_host");
  expect_refused("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(kHeadBytesMax, 'a') + "\r\n\r\n", 431,
                 "head_too_large");
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (std::size_t i = 0; i < kFieldsMax; ++i) many += "A: b\r\n";
  expect_refused(many + "\r\n", 431, "too_many_fields");
}

TEST_F(HttpServer, ReadsChunkedBodiesAndDropsTrailers) {
  start();
  RawHttp client(server_->port());
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.send(head + "3\r\nabc\r\n0\r\nX: y\r\n\r\n" + head);
  EXPECT_EQ(client.receive().body, "abc");
  std::string big(200000, 'q');
  client.send("30d40\r\n" + big + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, big);
  expect_refused(head + "z\r\n", 400, "bad_chunk");
  expect_refused(head + "100001\r\n", 413, "body_too_large");
}

TEST_F(HttpServer, RefusesALargeBodyBeforeReadingIt) {
  start();
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", 413,
                 "body_too_large");
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-CONTINUE, x\r\nContent-Length: 1\r\n\r\n", 417,
                 "bad_expect");
}

TEST_F(HttpServer, ContinuesOnlyAfterTheHandlerLikedTheHead) {
  start();
  const std::string fields = " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  RawHttp client(server_->port());
  client.send("POST /" + fields);
  EXPECT_EQ(client.receive().status, 100);
  client.send("hello");
  EXPECT_EQ(client.receive().body, "hello");
  client.send("POST /refused" + fields);
  EXPECT_EQ(client.receive().status, 401);
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServer, CutsSlowHeadsAndSlowBodies) {
  options_.header_timeout = std::chrono::milliseconds(300);
  options_.body_grace = std::chrono::milliseconds(300);
  options_.body_bytes_s_min = 100000;
  start();
  expect_refused("POST / HTTP/1.1\r\nHo", 408, "head_timeout");
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx", 408, "body_too_slow");
  RawHttp silent(server_->port());
  EXPECT_TRUE(silent.closed()) << "a connection that never speaks ends without an answer";
}

TEST_F(HttpServer, RefusesBodiesAboveTheBudgetAndGivesItBack) {
  options_.body_bytes_max = 16 << 20;
  start();
  expect_refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n", 503, "overloaded");
  {
    RawHttp gone(server_->port());
    gone.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\nx");
    while (budget_.used() == 0) std::this_thread::yield();
  }
  RawHttp client(server_->port());
  const std::string body(7000000, 'b');
  while (budget_.used() != 0) std::this_thread::yield();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7000000\r\n\r\n" + body);
  EXPECT_EQ(client.receive().body, body);
}

TEST_F(HttpServer, ClosesWhenAskedAndForHttp10) {
  start();
  RawHttp polite(server_->port());
  polite.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n");
  const RawResponse response = polite.receive();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.fields.at("connection"), "close");
  EXPECT_TRUE(polite.closed());
  RawHttp old(server_->port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive().status, 200);
  EXPECT_TRUE(old.closed());
  RawHttp head(server_->port());
  head.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(head.receive(std::chrono::seconds(60), true).status, 200);
  EXPECT_EQ(head.receive().status, 200);
}

// No event of its own tells of an end that came together with the last bytes, and no time-out may be waited
// for: a client that reads to the end of the stream would hang until then.
TEST_F(HttpServer, AnEndThatComesTogetherWithTheLastBytesIsSeen) {
  options_.idle_timeout = options_.header_timeout = options_.body_grace = std::chrono::hours(1);
  start();
  for (const std::string_view part : {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHo",
                                      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"}) {
    RawHttp client(server_->port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.receive().status, 200);
    RawHttp blocker(server_->port());
    {
      // The worker waits for the lock in the handler while bytes and end arrive.
      const std::scoped_lock lock(mutex_);
      blocker.send("GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
      client.send(part);
      client.shutdown_send();
    }
    if (part.ends_with("\r\n\r\n")) {
      EXPECT_EQ(client.receive().status, 200);
    }
    EXPECT_TRUE(client.closed()) << part;
    release(1);
  }
}

TEST_F(HttpServer, DrainAnswersWhatIsInFlightAndEndsTheRest) {
  options_.threads = 2;
  start();
  RawHttp idle(server_->port());
  idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(idle.receive().status, 200);
  RawHttp busy(server_->port());
  busy.send("POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  while (held() == 0) std::this_thread::yield();
  std::jthread releaser([&] {
    EXPECT_TRUE(idle.closed());
    release(1);
  });
  EXPECT_TRUE(server_->drain(std::chrono::seconds(60)));
  const RawResponse response = busy.receive();
  EXPECT_EQ(response.status, 202);
  EXPECT_TRUE(busy.closed());  // by the response's own word, or as idle right after it
  EXPECT_THROW(RawHttp late(server_->port()), std::runtime_error);
}

TEST_F(HttpServer, StopsWithRequestsUnanswered) {
  start();
  RawHttp busy(server_->port());
  busy.send("POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
  while (held() == 0) std::this_thread::yield();
  EXPECT_FALSE(server_->drain(std::chrono::milliseconds(50)));
  server_->stop();
  EXPECT_TRUE(busy.closed());
}

}  // namespace
}  // namespace plumbline::http
