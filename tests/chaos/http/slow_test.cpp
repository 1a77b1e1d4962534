// 2,000 clients that send a byte now and then, some in the head, some in the body, some nothing at all, while
// a good client works: every request of its is accepted, and the slow ones are cut in the end.
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/chaos/signed_client.h"
#include "tests/support/raw_http.h"

namespace plumbline::tests {
namespace {

constexpr std::size_t kSlow = 2000;

class SlowClients {
 public:
  SlowClients(int port, const Tenant& tenant) : request_(good_request(tenant)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < kSlow; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("slow client " + std::to_string(i) + " can't connect");
      ::fcntl(fd, F_SETFL, O_NONBLOCK);
      const std::size_t head = request_.find("\r\n\r\n") + 4;
      const std::array<std::size_t, 4> fronts = {0, 1, head / 2, head + 10};
      clients_.push_back({fd, fronts[i % fronts.size()], i % fronts.size() != 0});
      if (clients_.back().sent > 0) ::send(fd, request_.data(), clients_.back().sent, MSG_NOSIGNAL);
    }
  }
  ~SlowClients() {
    for (const Client& client : clients_) ::close(client.fd);
  }
  SlowClients(const SlowClients&) = delete;
  SlowClients& operator=(const SlowClients&) = delete;

  // One more byte of each that drips; never the whole request.
  void drip() {
    for (Client& client : clients_) {
      if (client.drips && client.sent + 2 < request_.size() &&
          ::send(client.fd, request_.data() + client.sent, 1, MSG_NOSIGNAL) == 1)
        ++client.sent;
    }
  }
  // Those whose connection the server has ended; an answer before the end (408) is read away.
  std::size_t cut() {
    std::size_t count = 0;
    for (Client& client : clients_) {
      char bytes[4096];
      ssize_t got = 1;
      while (!client.cut && got > 0) got = ::recv(client.fd, bytes, sizeof bytes, 0);
      client.cut = client.cut || got == 0 || (got < 0 && errno != EAGAIN);
      count += client.cut ? 1U : 0U;
    }
    return count;
  }

 private:
  struct Client {
    int fd;
    std::size_t sent;
    bool drips;
    bool cut = false;
  };
  const std::string request_;
  std::vector<Client> clients_;
};

TEST(Slow, TwoThousandSlowSocketsStarveNobodyAndAreCut) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 16384);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ASSERT_GT(files.rlim_cur, kSlow + 100) << "this machine allows too few descriptors for the test";

  Stack stack(Backend::kEmbedded,
              {{"PLUMBLINE_EDGE_HEADER_TIMEOUT", "20s"}, {"PLUMBLINE_EDGE_IDLE_TIMEOUT", "20s"}});
  stack.start_roles();
  const Tenant tenant = stack.create_tenant("acme");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack, tenant); })) << stack.logs();

  SlowClients slow(stack.edge_port(), tenant);
  std::jthread dripping([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      slow.drip();
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any never;
      never.wait_for(lock, stop, std::chrono::milliseconds(200), [] { return false; });
    }
  });
  // Old and new connections of a good client, one request after another.
  std::size_t good = 0;
  for (int connection = 0; connection < 20; ++connection) {
    test::RawHttp client(stack.edge_port());
    for (int i = 0; i < 25; ++i) {
      ASSERT_TRUE(client.send(good_request(tenant)));
      ASSERT_EQ(client.receive().status, 202) << "request " << good << " of the good client";
      ++good;
    }
  }
  EXPECT_EQ(good, 500U);
  dripping.request_stop();
  dripping.join();
  std::size_t cut = 0;
  EXPECT_TRUE(test::wait_for([&] { return (cut = slow.cut()) == kSlow; }, std::chrono::seconds(90)))
      << kSlow - cut << " slow connections are still open";
  test::RawHttp client(stack.edge_port());
  client.send(good_request(tenant));
  EXPECT_EQ(client.receive().status, 202);
}

}  // namespace
}  // namespace plumbline::tests
