#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/telemetry/logging.h"
#include "core/telemetry/metrics.h"
#include "core/telemetry/trouble.h"

namespace plumbline::telemetry {
namespace {

using testing::HasSubstr;

TEST(Metrics, PrintsEveryKindInTheTextFormat) {
  Metrics metrics;
  metrics.counter("plumbline_edge_requests_total", "Requests.", {{"status", "202"}}).add(3);
  metrics.gauge("plumbline_edge_inflight_bytes", "Bytes.").set(42);
  metrics.histogram("plumbline_edge_ack_seconds", "Acks.", {0.1, 1}).observe(0.5);
  metrics.observe_gauge("plumbline_up", "Always 1.", {}, [] { return 1.0; });
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# TYPE plumbline_edge_requests_total counter"));
  EXPECT_THAT(text, HasSubstr("plumbline_edge_requests_total{status=\"202\"} 3"));
  EXPECT_THAT(text, HasSubstr("plumbline_edge_inflight_bytes 42"));
  EXPECT_THAT(text, HasSubstr("plumbline_edge_ack_seconds_bucket{le=\"1\"} 1"));
  EXPECT_THAT(text, HasSubstr("plumbline_up 1"));
}

TEST(Metrics, GivesTheSameObjectForTheSameLabels) {
  Metrics metrics;
  Counter& first = metrics.counter("a_total", "A.", {{"x", "1"}});
  EXPECT_EQ(&first, &metrics.counter("a_total", "A.", {{"x", "1"}}));
  EXPECT_NE(&first, &metrics.counter("a_total", "A.", {{"x", "2"}}));
}

TEST(Logging, WritesOneEscapedJsonObjectALine) {
  testing::internal::CaptureStderr();
  info("edge_ready", {{"listen", std::string_view("a\"b\nc")}, {"port", std::int64_t{8080}}, {"tls", false}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_THAT(
      line,
      HasSubstr(R"("level":"info","event":"edge_ready","listen":"a\"b\u000ac","port":8080,"tls":false})"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

// Two hours without a database were 12 lines a second.
TEST(Logging, ATroubleThatLastsIsToldOnceAMinuteAndWhenItIsOver) {
  using namespace std::chrono_literals;
  const Error away = retryable("connection", "refused"), other = retryable("timeout", "too slow");
  const Trouble::Time start{};
  Trouble trouble("consumer_blocked", "persist");
  const auto lines = [](auto work) {
    testing::internal::CaptureStderr();
    work();
    const std::string said = testing::internal::GetCapturedStderr();
    return std::pair(std::count(said.begin(), said.end(), '\n'), said);
  };
  const auto [untroubled, nothing] = lines([&] { trouble.over(start); });
  EXPECT_EQ(untroubled, 0);
  const auto [first, begun] = lines([&] {
    for (int i = 0; i < 100; ++i) trouble.met(away, start + i * 500ms);
  });
  EXPECT_EQ(first, 1);
  EXPECT_THAT(
      begun,
      HasSubstr(
          R"("event":"consumer_blocked","consumer":"persist","code":"connection","message":"refused","times":1})"));
  EXPECT_THAT(lines([&] { trouble.met(other, start + 50s); }).second, HasSubstr(R"("code":"timeout")"));
  const auto [again, lasting] = lines([&] {
    for (int i = 100; i < 140; ++i) trouble.met(away, start + i * 500ms);
  });
  EXPECT_EQ(again, 1);
  EXPECT_THAT(lasting, HasSubstr(R"("times":120})"));  // since the line before
  const auto [ended, over] = lines([&] {
    trouble.over(start + 70s);
    trouble.over(start + 71s);
  });
  EXPECT_EQ(ended, 1);
  EXPECT_THAT(over, HasSubstr(R"("over":true,"lasted_s":70,"times":141})"));
  // Who is well and not well in turns does not tell more.
  const auto [flapping, few] = lines([&] {
    for (int i = 0; i < 100; ++i) {
      trouble.met(away, start + 72s + i * 100ms);
      trouble.over(start + 72s + i * 100ms + 50ms);
    }
  });
  EXPECT_EQ(flapping, 0) << few;
}

}  // namespace
}  // namespace plumbline::telemetry
