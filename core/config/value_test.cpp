#include "core/config/value.h"

#include <gtest/gtest.h>

namespace plumbline::config {
namespace {

using std::chrono::milliseconds;

TEST(Value, Durations) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("168h"), milliseconds(168LL * 3'600'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  for (const char* bad :
       {"", "10", "s", "-1s", "1.5s", "10 s", "10S", "9223372036854775807d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Value, Sizes) {
  EXPECT_EQ(parse_size("64MiB"), 64LL << 20);
  EXPECT_EQ(parse_size("4096"), 4096);
  EXPECT_EQ(parse_size("-1"), -1);
  for (const char* bad : {"", "64MB", "MiB", "-2", "1.5GiB", "9223372036854775807TiB"})
    EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Value, WhatIsFormattedParsesBack) {
  for (const std::int64_t ms : {0LL, 1LL, 999LL, 1000LL, 60'000LL, 90'000LL, 604'800'000LL}) {
    EXPECT_EQ(parse_duration(format_duration(milliseconds(ms))), milliseconds(ms));
  }
  for (const std::int64_t bytes : {-1LL, 0LL, 1023LL, 1024LL, 1536LL, 64LL << 20})
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
}

TEST(Value, Addresses) {
  const auto v4 = parse_address("127.0.0.1:8080");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 8080);
  const auto v6 = parse_address("[::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  for (const char* bad :
       {"", "8080", ":8080", "127.0.0.1", "::1:80", "[::1:80", "a b:1", "h:65536", "h:-1", "h:x"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

TEST(Value, EditDistance) {
  EXPECT_EQ(edit_distance("edge.listen", "edge.listen"), 0U);
  EXPECT_EQ(edit_distance("edge.lisen", "edge.listen"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

}  // namespace
}  // namespace plumbline::config
