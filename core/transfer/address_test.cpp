#include "core/transfer/address.h"

#include <gtest/gtest.h>

#include "core/transfer/http.h"

namespace plumbline::transfer {
namespace {

std::string_view about(std::string_view text) {
  const auto address = parse_address(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address ? special_purpose(*address) : "?";
}

TEST(Address, PublicOnesAreFree) {
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2606:4700:4700::1111", "2a00:1450::1", "2001:200::1", "2003::1"})
    EXPECT_EQ(about(text), "") << text;
}

TEST(Address, EverythingSpecialIsNamed) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::7f00:1",
                           "::ffff:127.0.0.1",
                           "::ffff:8.8.8.8",
                           "::ffff:0:8.8.8.8",
                           "64:ff9b::7f00:1",
                           "64:ff9b:1::1",
                           "100::1",
                           "2001::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "5f00::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1"})
    EXPECT_NE(about(text), "") << text;
  EXPECT_FALSE(parse_address("127.1").has_value()) << "short and octal forms are no addresses here";
  EXPECT_FALSE(parse_address("0177.0.0.1").has_value());
  EXPECT_FALSE(parse_address("2130706433").has_value());
}

TEST(Guard, PermitsWhatTheInstallationListsAndNothingElse) {
  const Guard guard =
      Guard::of("hooks.lan, Mattermost.Internal", "10.1.0.0/16,fd00::/8, 127.0.0.1,nonsense,10.0.0.0/33");
  EXPECT_EQ(guard.cidrs.size(), 3U);
  const auto refuses = [&](std::string_view host, std::string_view text) {
    return !guard.refuses(host, *parse_address(text)).empty();
  };
  EXPECT_FALSE(refuses("x", "10.1.2.3"));
  EXPECT_TRUE(refuses("x", "10.2.0.1"));
  EXPECT_FALSE(refuses("x", "fd01::1"));
  EXPECT_FALSE(refuses("x", "127.0.0.1"));
  EXPECT_TRUE(refuses("x", "127.0.0.2"));
  EXPECT_TRUE(refuses("x", "::ffff:10.1.2.3")) << "another form of a listed address is not listed";
  EXPECT_FALSE(refuses("HOOKS.lan", "192.168.0.1"));
  EXPECT_TRUE(refuses("hooks.lan.evil.example", "192.168.0.1"));
  EXPECT_FALSE(refuses("x", "8.8.8.8"));
}

TEST(Urls, SchemeUserinfoAndHost) {
  const Guard none, local = Guard::of("hooks.lan", "127.0.0.0/8");
  EXPECT_EQ(url_refusal("https://hooks.example/x", none), "");
  EXPECT_NE(url_refusal("http://hooks.example/x", none), "");
  EXPECT_NE(url_refusal("http://8.8.8.8/x", local), "") << "public, so not listed";
  EXPECT_EQ(url_refusal("http://127.0.0.1:8080/x", local), "");
  EXPECT_EQ(url_refusal("http://hooks.lan/x", local), "");
  EXPECT_NE(url_refusal("https://user:pass@hooks.example/", none), "");
  EXPECT_NE(url_refusal("ftp://hooks.example/", none), "");
  EXPECT_NE(url_refusal("file:///etc/passwd", none), "");
  EXPECT_NE(url_refusal("not a url", none), "");
}

TEST(RetryAfter, SecondsAndDates) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_retry_after("120", 0), seconds(120));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946684799 - 30), seconds(30));
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946684799 + 30), seconds(0));
  EXPECT_FALSE(parse_retry_after("soon", 0).has_value());
  EXPECT_FALSE(parse_retry_after("-1", 0).has_value());
}

}  // namespace
}  // namespace plumbline::transfer
