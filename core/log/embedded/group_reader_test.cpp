// Members of a group come and go while others look around.
#include "core/log/embedded/group_reader.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/log/embedded/embedded_log.h"
#include "tests/support/process/process.h"

namespace plumbline::log {
namespace {

namespace fs = std::filesystem;
using embedded::FileLock;
using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 4;
constexpr int kJoins = 2000;
const std::string kTopic = "traces.v1";

class Listener final : public AssignmentListener {
 public:
  Result<std::vector<StartPosition>> on_assigned(std::span<const TopicPartition> partitions) override {
    std::vector<StartPosition> starts;
    for (const TopicPartition& at : partitions) starts.push_back({at, 0, ""});
    return starts;
  }
  void on_revoked(std::span<const TopicPartition> /*partitions*/) override {}
};

class EmbeddedGroup : public testing::Test {
 protected:
  EmbeddedGroup() {
    config::Embedded config;
    config.dir = (folder_.path() / "log").string();
    members_ = fs::path(config.dir) / "groups" / "g" / "members";
    auto opened = open_embedded(config);
    EXPECT_TRUE(opened.ok());
    log_ = std::move(*opened);
    TopicSpec spec;
    spec.name = kTopic;
    spec.partitions = kPartitions;
    spec.record_bytes_max = 1 << 20;
    EXPECT_TRUE(log_->ensure_topic(spec).ok());
  }
  std::unique_ptr<Reader> join() {
    auto joined = log_->join_group("g", std::span(&kTopic, 1), listener_);
    EXPECT_TRUE(joined.ok()) << joined.error().message;
    return joined ? std::move(*joined) : nullptr;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(members_, missing))
      names.push_back(entry.path().filename());
    return names;
  }
  static std::size_t partitions_of(Reader& member) {
    EXPECT_TRUE(member.poll(1, 1ms, {}).ok());
    return member.assignment().size();
  }

  test::TempFolder folder_{"embedded-group"};
  fs::path members_;
  Listener listener_;
  std::unique_ptr<Log> log_;
};

// It made its file and then locked it. Who looked around between the two took it for a dead member's and
// removed it: nobody counted the member, itself included, and it never read a partition.
TEST_F(EmbeddedGroup, AMemberThatJoinsWhileOthersLookAroundIsCounted) {
  fs::create_directories(members_);
  std::atomic<bool> done = false;
  std::atomic<int> looks = 0;
  std::thread looker([&] {
    for (; !done; ++looks) {
      std::error_code gone;
      for (fs::directory_iterator entry(members_, gone); !gone && entry != fs::directory_iterator();
           entry.increment(gone)) {
        if (FileLock::try_lock(entry->path().string(), FileLock::Missing::kLeave))
          unlink(entry->path().c_str());
      }
    }
  });
  int uncounted = 0;
  // Both take part, however busy the machine is.
  for (int i = 0; i < kJoins || looks < kJoins; ++i) {
    const auto member = join();
    if (!member || files().size() != 1) ++uncounted;
  }
  done = true;
  looker.join();
  EXPECT_EQ(uncounted, 0);
}

TEST_F(EmbeddedGroup, AMemberWhoseFileSomebodyRemovedComesBack) {
  const auto one = join(), other = join();
  ASSERT_TRUE(test::wait_for([&] { return partitions_of(*one) == 2 && partitions_of(*other) == 2; }));
  fs::remove_all(members_);
  // Each for itself reads what it has; then both are counted again.
  EXPECT_TRUE(test::wait_for(
      [&] { return partitions_of(*one) == 2 && partitions_of(*other) == 2 && files().size() == 2; }));
}

TEST_F(EmbeddedGroup, WhatAMemberLeftThatWasKilledAsItJoinedIsRemoved) {
  const fs::path folder = members_.parent_path();
  fs::create_directories(folder);
  const fs::path old = folder / "old.joins", young = folder / "young.joins",
                 other = folder / "traces.v1-0.lock";
  for (const fs::path& path : {old, young, other}) std::ofstream(path).put('x');
  for (const fs::path& path : {old, other})
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto member = join();
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young)) << "somebody may be about to join with it";
  EXPECT_TRUE(fs::exists(other));
}

TEST_F(EmbeddedGroup, NothingOfAMemberStaysBehind) {
  { const auto member = join(); }
  EXPECT_TRUE(files().empty());
  for (const auto& entry : fs::directory_iterator(members_.parent_path())) EXPECT_EQ(entry.path(), members_);
}

}  // namespace
}  // namespace plumbline::log
