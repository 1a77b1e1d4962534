#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/telemetry/logging.h"
#include "core/telemetry/metrics.h"

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

}  // namespace
}  // namespace plumbline::telemetry
