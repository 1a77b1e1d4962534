// A topic that is there already and asked for otherwise.
#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/log/embedded/embedded_log.h"
#include "tests/support/process/process.h"

namespace plumbline::log {
namespace {

using namespace std::chrono_literals;

class OwnerLog : public testing::Test {
 protected:
  void SetUp() override {
    config_.dir = (folder_.path() / "log").string();
    auto opened = open_embedded(config_, {});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    log_ = std::move(*opened);
  }
  // What is logged while the topic is asked for like this.
  std::string ask(std::chrono::milliseconds retention, std::int64_t retention_bytes) {
    TopicSpec spec;
    spec.name = "traces.v1";
    spec.partitions = 2;
    spec.record_bytes_max = 1 << 20;
    spec.retention = retention;
    spec.retention_bytes = retention_bytes;
    testing::internal::CaptureStderr();
    const Status made = log_->ensure_topic(spec);
    std::string logged = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(made.ok()) << made.error().message;
    return logged;
  }

  test::TempFolder folder_{"owner"};
  config::Embedded config_;
  std::unique_ptr<Log> log_;
};

// Roles with different configurations would each set what the other did not ask for.
TEST_F(OwnerLog, SaysWhenARetentionIsSetOtherwise) {
  const auto holds = [](const std::string& logged, const char* text) {
    return logged.find(text) != std::string::npos;
  };
  EXPECT_EQ(ask(1h, -1), "") << "the first to ask";
  EXPECT_EQ(ask(1h, -1), "") << "as it is";
  const std::string shorter = ask(30min, -1);
  EXPECT_TRUE(holds(shorter, R"("event":"log_retention_shorter","topic":"traces.v1")")) << shorter;
  EXPECT_TRUE(holds(shorter, R"("retention_ms":1800000,"retention_ms_before":3600000)")) << shorter;
  EXPECT_EQ(ask(30min, -1), "") << "it was taken";
  EXPECT_TRUE(holds(ask(0ms, -1), "log_retention_longer")) << "0: for ever";
  EXPECT_TRUE(holds(ask(1h, -1), "log_retention_shorter"));
  const std::string bytes = ask(1h, 1 << 20);
  EXPECT_TRUE(holds(bytes, "log_retention_shorter")) << bytes;
  EXPECT_TRUE(holds(bytes, R"("retention_bytes":1048576,"retention_bytes_before":-1)")) << bytes;
  EXPECT_TRUE(holds(ask(1h, 2 << 20), "log_retention_longer"));
  EXPECT_TRUE(holds(ask(2h, 1 << 20), "log_retention_shorter")) << "one shorter, the other longer";
}

}  // namespace
}  // namespace plumbline::log
