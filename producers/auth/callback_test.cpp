#include "producers/auth/callback.h"

#include <future>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "producers/auth/proof.h"

namespace plumbline::auth {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{60};

class CallbackTest : public testing::Test {
 protected:
  CallbackTest() : callback(Callback::open().value()) {
    const std::string uri = callback.redirect_uri();
    port = static_cast<std::uint16_t>(std::strtoul(uri.c_str() + 17, nullptr, 10));
    answer = std::async(std::launch::async, [this] { return callback.wait("right", kPatience); });
  }
  [[nodiscard]] int dial() const {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    void* plain = &to;
    EXPECT_EQ(connect(fd, static_cast<sockaddr*>(plain), sizeof to), 0);
    return fd;
  }
  // All of the answer to that text.
  [[nodiscard]] std::string ask(const std::string& text) const {
    const int fd = dial();
    EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    std::string got;
    char chunk[1024];
    for (ssize_t n = 0; (n = read(fd, chunk, sizeof chunk)) > 0;)
      got.append(chunk, static_cast<std::size_t>(n));
    close(fd);
    return got;
  }
  [[nodiscard]] std::string get(const std::string& target) const {
    return ask("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  }

  Callback callback;
  std::uint16_t port = 0;
  std::future<Result<std::string>> answer;
};

TEST_F(CallbackTest, TakesTheCodeThatComesWithItsState) {
  const std::string said = get("/callback?code=a%2Bb+c&state=right");
  EXPECT_THAT(said, testing::StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(said, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_EQ(answer.get().value(), "a+b c");
}

TEST_F(CallbackTest, WaitsOnThroughWhatIsNotTheAnswer) {
  const int silent = dial();  // a browser opens connections ahead
  EXPECT_THAT(get("/favicon.ico"), HasSubstr("404"));
  EXPECT_THAT(get("/callback?code=evil&state=wrong"), HasSubstr("400"));
  EXPECT_THAT(get("/callback"), HasSubstr("400"));
  EXPECT_THAT(ask("POST /callback?code=evil&state=right HTTP/1.1\r\n\r\n"), HasSubstr("404"));
  EXPECT_EQ(ask(std::string(20000, 'x')), "");
  for (int i = 0; i < 40; ++i) close(dial());
  EXPECT_THAT(get("/callback?state=right&code=good"), HasSubstr("200"));
  EXPECT_EQ(answer.get().value(), "good");
  close(silent);
}

TEST_F(CallbackTest, ARefusalIsOne) {
  (void)get("/callback?error=access_denied&state=right");
  const auto said = answer.get();
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, "denied");
  EXPECT_THAT(said.error().message, HasSubstr("access_denied"));
}

TEST(CallbackPatience, Ends) {
  auto callback = Callback::open();
  ASSERT_TRUE(callback.ok());
  EXPECT_EQ(callback->wait("any", std::chrono::milliseconds(1)).error().code, "timeout");
}

TEST(Proof, IsTheOneOfRfc7636) {
  EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  EXPECT_EQ(random_word().size(), 43U);
  EXPECT_EQ(url_encode("a b/c~"), "a%20b%2Fc~");
  EXPECT_EQ(url_decode("%zz%2"), "%zz%2");
  EXPECT_EQ(parameter("a=1&b&c=2&a=3", "a"), "1");
  EXPECT_EQ(parameter("a=1&b&c=2", "b"), "");
}

}  // namespace
}  // namespace plumbline::auth
