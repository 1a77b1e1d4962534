// The contract on the embedded log, and what is its own: one owner, a killed owner, damage that must not
// pass.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log/embedded/embedded_log.h"
#include "tests/contract/log_contract.h"
#include "tests/support/process/process.h"

namespace plumbline::log::contract {
namespace {

class EmbeddedBackend final : public Backend {
 public:
  EmbeddedBackend() {
    config_.dir = (folder_.path() / "log").string();
    config_.segment_bytes = 2 << 20;
    options_.keep_interval = 20ms;
    options_.compact_bytes_min = 16 << 10;
    open();
  }
  [[nodiscard]] Promises promises() const override {
    return {.crash = false,
            .incarnation = true,
            .retention = true,
            .compaction = true,
            .other_reader = true,
            .dense = true,
            .deadline = 60s};
  }
  Log& log() override { return *log_; }
  Result<std::unique_ptr<Log>> open_other() override {
    return open_embedded(config_, {.role = EmbeddedOptions::Role::kClient});
  }
  void restart() override {
    log_.reset();
    open();
  }
  void replace() override {
    log_.reset();
    std::filesystem::remove_all(config_.dir);
    open();
  }
  [[nodiscard]] std::size_t segment_bytes() const override { return 2 << 20; }

 private:
  void open() {
    auto opened = open_embedded(config_, options_);
    if (!opened) throw std::runtime_error(opened.error().message);
    log_ = std::move(*opened);
  }
  test::TempFolder folder_{"embedded-contract"};
  config::Embedded config_;
  EmbeddedOptions options_;
  std::unique_ptr<Log> log_;
};

TopicSpec one_partition() {
  TopicSpec spec;
  spec.name = "t";
  spec.partitions = 1;
  spec.record_bytes_max = 64 << 10;
  return spec;
}

TEST(EmbeddedLog, ASecondOwnerIsRefusedByNameAndAutoBecomesAClient) {
  const test::TempFolder folder("embedded-owner");
  config::Embedded config;
  config.dir = (folder.path() / "log").string();
  auto owner = open_embedded(config);
  ASSERT_TRUE(owner.ok());
  auto second = open_embedded(config);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "log_owned");
  EXPECT_NE(second.error().message.find(std::to_string(getpid())), std::string::npos);
  auto client = open_embedded(config, {.role = EmbeddedOptions::Role::kAuto});
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE((*client)->ensure_topic(one_partition()).ok());
  EXPECT_TRUE(append_and_wait(**client, {"t", 0, "k", "v", {}, now_ms()}).ok());
  owner->reset();
  auto refused = append_and_wait(**client, {"t", 0, "k", "v", {}, now_ms()});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "log_owner_absent");
  EXPECT_FALSE((*client)->healthy().ok());
  EXPECT_EQ((*client)->watermarks({"t", 0}).value().high, 1);
}

// A child owns the log, says each acked value on a pipe, and is killed at some point. Few, large records:
// each costs a sync, and a segment holds about 25.
TEST(EmbeddedLog, WhatAKilledOwnerAckedIsThere) {
  const test::TempFolder folder("embedded-kill");
  config::Embedded config;
  config.dir = (folder.path() / "log").string();
  config.segment_bytes = 256 << 10;
  const std::string padding(10000, 'x');
  int acked = 0;
  for (int round = 0; round < 3; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto log = open_embedded(config);
      if (!log || !(*log)->ensure_topic(one_partition())) _exit(1);
      for (int i = acked;; ++i) {
        const std::string value = std::to_string(i) + padding;
        if (!append_and_wait(**log, {"t", 0, "k", value, {}, now_ms()}).ok()) _exit(1);
        if (write(ends[1], "x", 1) != 1) _exit(1);
      }
    }
    close(ends[1]);
    char byte = 0;
    int said = 0;
    while (said < 20 + 31 * round && read(ends[0], &byte, 1) == 1) ++said;
    kill(child, SIGKILL);
    while (read(ends[0], &byte, 1) == 1) ++said;
    int status = 0;
    waitpid(child, &status, 0);
    close(ends[0]);
    acked += said;
    auto log = open_embedded(config);
    ASSERT_TRUE(log.ok()) << log.error().message;
    const std::int64_t high = (*log)->watermarks({"t", 0}).value().high;
    ASSERT_GE(high, acked);
    const StartPosition start{{"t", 0}, 0, ""};
    auto reader = (*log)->reader(std::span(&start, 1));
    ASSERT_TRUE(reader.ok());
    std::int64_t at = 0;
    while (at < high) {
      auto batch = (*reader)->poll(1 << 20, 1s, {});
      ASSERT_TRUE(batch.ok()) << batch.error().message;
      for (const ReadRecord& r : *batch) {
        ASSERT_EQ(r.offset, at);
        ASSERT_EQ(r.value, std::to_string(at) + padding);
        ++at;
      }
    }
    acked = static_cast<int>(high);
  }
}

TEST(EmbeddedLog, DamageToSyncedRecordsIsFatalAndNamed) {
  const test::TempFolder folder("embedded-damage");
  config::Embedded config;
  config.dir = (folder.path() / "log").string();
  {
    auto log = open_embedded(config);
    ASSERT_TRUE(log.ok());
    ASSERT_TRUE((*log)->ensure_topic(one_partition()).ok());
    for (int i = 0; i < 5; ++i)
      ASSERT_TRUE(append_and_wait(**log, {"t", 0, "k", "value", {}, now_ms()}).ok());
  }
  for (const auto& entry : std::filesystem::directory_iterator(config.dir + "/topics/t")) {
    if (entry.path().extension() != ".segment") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 + 32 + 42);
    file.put('#');
  }
  auto log = open_embedded(config);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, "log_corrupt");
  EXPECT_NE(log.error().message.find("byte 4096"), std::string::npos) << log.error().message;
}

INSTANTIATE_TEST_SUITE_P(Embedded, LogContract,
                         testing::Values(BackendCase{"embedded",
                                                     [] { return std::make_unique<EmbeddedBackend>(); }}),
                         backend_name);

}  // namespace
}  // namespace plumbline::log::contract
