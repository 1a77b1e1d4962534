#include "producers/agent/spool.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "producers/agent/agent.h"
#include "producers/agent/packing.h"
#include "tests/support/process/process.h"

namespace plumbline::agent {
namespace {

namespace fs = std::filesystem;

std::string line(int number, std::size_t size = 40) {
  std::string text = "{\"n\":" + std::to_string(number) + "}";
  text.resize(std::max(size, text.size()), ' ');
  return text;
}

int number_of(const std::string& text) {
  int number = 0;
  for (std::size_t i = 5; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    number = number * 10 + (text[i] - '0');
  return number;
}

std::vector<std::string> texts_of(const SpoolBatch& batch) {
  auto lines = lines_of(batch.blocks);
  EXPECT_TRUE(lines.ok());
  EXPECT_TRUE(!lines.ok() || lines->size() == batch.items);
  return lines.ok() ? std::move(*lines) : std::vector<std::string>{};
}

std::vector<int> drain(Spool& spool, bool consume = true) {
  std::vector<int> numbers;
  for (;;) {
    auto batch = spool.read(7, 4096);
    EXPECT_TRUE(batch.ok());
    if (!batch.ok() || batch->items == 0) break;
    for (const std::string& text : texts_of(*batch)) numbers.push_back(number_of(text));
    if (!consume) break;
    spool.consume(batch->next, batch->items);
  }
  return numbers;
}

std::vector<fs::path> segments(const fs::path& folder) {
  std::set<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (segment_number(entry.path().filename().string())) found.insert(entry.path());
  }
  return {found.begin(), found.end()};
}

class SpoolTest : public testing::Test {
 protected:
  std::unique_ptr<Spool> open(std::int64_t bytes_max = 1 << 20, std::int64_t segment_bytes = 1 << 20) {
    auto spool = Spool::open({folder_.path() / "spool", bytes_max, segment_bytes});
    EXPECT_TRUE(spool.ok()) << (spool.ok() ? "" : spool.error().message);
    return spool.ok() ? std::move(*spool) : nullptr;
  }
  test::TempFolder folder_{"spool"};
};

TEST_F(SpoolTest, GivesWhatItTookInItsOrderAndOnce) {
  auto spool = open(1 << 20, 500);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(spool->append({{false, line(i)}}).ok());
  EXPECT_EQ(spool->state().waiting, 100);
  EXPECT_EQ(drain(*spool, false).front(), 0);
  auto first = spool->read(10, 4096);
  spool->consume(first->next, first->items);
  spool.reset();
  spool = open(1 << 20, 500);
  EXPECT_EQ(spool->state().waiting, 90);
  const auto rest = drain(*spool);
  ASSERT_EQ(rest.size(), 90U);
  EXPECT_EQ(rest.front(), 10);
  EXPECT_EQ(rest.back(), 99);
  EXPECT_EQ(segments(folder_.path() / "spool").size(), 1U) << "what is delivered is freed";
  spool.reset();
  EXPECT_TRUE(drain(*open()).empty());
}

TEST_F(SpoolTest, ABatchHoldsOneEndpointAndItsBounds) {
  auto spool = open();
  ASSERT_TRUE(
      spool->append({{false, line(1)}, {false, line(2)}, {true, line(3)}, {false, line(4, 5000)}}).ok());
  auto batch = spool->read(100, 4096);
  EXPECT_EQ(batch->items, 2U);
  spool->consume(batch->next, 2);
  batch = spool->read(100, 4096);
  ASSERT_EQ(batch->items, 1U);
  EXPECT_TRUE(batch->report);
  spool->consume(batch->next, 1);
  batch = spool->read(100, 4096);
  ASSERT_EQ(batch->items, 1U) << "larger than the bound, so alone";
  EXPECT_EQ(number_of(batch->blocks[0].bytes), 4);
}

TEST_F(SpoolTest, APackedBlockTravelsWholeOrByItsLines) {
  Packer packer;
  const auto packed = [&](int first, int count) {
    std::string lines;
    for (int i = first; i < first + count; ++i) lines += line(i, 100) + "\n";
    return packer.pack(false, lines, static_cast<std::uint32_t>(count)).value();
  };
  auto spool = open();
  const Block block = packed(1, 20);
  EXPECT_LT(block.bytes.size(), 500U);
  ASSERT_TRUE(spool->append({{false, line(0)}}).ok());
  ASSERT_TRUE(spool->append(std::vector<Block>{block, packed(21, 10)}).ok());
  ASSERT_TRUE(spool->append({{false, line(31)}}).ok());
  EXPECT_EQ(spool->state().waiting, 32);
  auto batch = spool->read(100, 1 << 20);
  EXPECT_EQ(batch->items, 32U);
  ASSERT_EQ(batch->blocks.size(), 4U);
  EXPECT_EQ(batch->blocks[1].bytes, block.bytes) << "as it was packed";
  EXPECT_EQ(spool->read(20, 1 << 20)->items, 1U) << "the whole block does not fit behind another";
  EXPECT_EQ(spool->read(100, 2200)->items, 21U) << "its lines count, not its bytes";
  // An edge that refuses a batch has it in halves: also those of a block, also after a restart.
  std::vector<int> seen;
  for (int round = 0; spool->state().waiting > 0; ++round) {
    batch = spool->read(3, 1 << 20);
    ASSERT_LE(batch->items, 3U);
    for (const std::string& text : texts_of(*batch)) seen.push_back(number_of(text));
    spool->consume(batch->next, batch->items);
    const std::int64_t waiting = spool->state().waiting;
    if (round % 3 != 1) continue;
    spool.reset();
    spool = open();
    ASSERT_EQ(spool->state().waiting, waiting);
  }
  std::vector<int> wanted(32);
  for (int i = 0; i < 32; ++i) wanted[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(seen, wanted);
  EXPECT_EQ(spool->read(3, 1 << 20)->items, 0U);
}

TEST_F(SpoolTest, TheCursorOfAnEarlierVersionIsRead) {
  { ASSERT_TRUE(open()->append({{false, line(0)}, {false, line(1)}, {false, line(2)}}).ok()); }
  std::ofstream(folder_.path() / "spool" / "cursor") << "1 " << 2 * (kFrameHeadBytes + 40) << "\n";
  EXPECT_EQ(drain(*open()), (std::vector<int>{2}));
}

TEST_F(SpoolTest, WhenFullItRefusesAndTakesAgainOnceItHasRoom) {
  auto spool = open(10000, 1000);
  int taken = 0;
  Status last = ok_status();
  while ((last = spool->append({{false, line(taken, 200)}})).ok()) ++taken;
  EXPECT_EQ(last.error().code, "spool_full");
  EXPECT_EQ(last.error().fault, Fault::kRetryable);
  EXPECT_GT(taken, 40);
  EXPECT_EQ(spool->state().refused, 1);
  EXPECT_EQ(drain(*spool).size(), static_cast<std::size_t>(taken));
  EXPECT_TRUE(spool->append({{false, line(taken)}}).ok());
}

TEST_F(SpoolTest, HasOneOwner) {
  auto spool = open();
  const auto second = Spool::open({folder_.path() / "spool"});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "spool_busy");
}

// `plumb agent status` took the lock to see whether it was free, and an agent that started meanwhile gave up.
TEST_F(SpoolTest, WhoAsksWhetherAnAgentRunsIsNotInItsWay) {
  open().reset();
  ASSERT_FALSE(is_running(folder_.path()));
  std::atomic<std::size_t> asked = 0;
  const std::jthread other([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      static_cast<void>(is_running(folder_.path()));
      ++asked;
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto spool = Spool::open({folder_.path() / "spool"});
    ASSERT_TRUE(spool.ok()) << spool.error().message;
    EXPECT_TRUE(is_running(folder_.path()));
  }
  EXPECT_GT(asked, 200U);
}

TEST_F(SpoolTest, ATornTailIsCutAndDamageCostsItsOwnFrameOnly) {
  auto spool = open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(spool->append({{false, line(i)}}).ok());
  spool.reset();
  const fs::path segment = segments(folder_.path() / "spool").front();
  {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(3 * (kFrameHeadBytes + 40) + 20));
    file << "#";
    file.seekp(0, std::ios::end);
    file << "PSp1\x01\x02";
  }
  spool = open();
  EXPECT_EQ(spool->state().torn_bytes, 6);
  EXPECT_EQ(spool->state().waiting, 9);
  EXPECT_EQ(drain(*spool), (std::vector<int>{0, 1, 2, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(spool->state().damaged_bytes, static_cast<std::int64_t>(kFrameHeadBytes) + 40);
}

TEST_F(SpoolTest, AFullDiskRefusesAndWhatItAcknowledgedStays) {
  auto spool = open();
  ASSERT_TRUE(spool->append({{false, line(1)}}).ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 300;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Status refused = spool->append({{false, line(2, 1000)}});
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(spool->append({{false, line(2, 1000)}}).ok());
  // A cursor that can't be written is no reason to stop sending, which makes room.
  tight.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  auto batch = spool->read(1, 1 << 20);
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->items, 1U);
  EXPECT_EQ(number_of(batch->blocks[0].bytes), 1);
  spool->consume(batch->next, 1);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "spool_disk");
  EXPECT_LE(segments(folder_.path() / "spool").size(), 2U) << "refusals leave no files";
  EXPECT_TRUE(spool->append({{false, line(3)}}).ok());
  EXPECT_EQ(drain(*spool), (std::vector<int>{3}));
  spool.reset();
  EXPECT_EQ(open()->state().waiting, 0);
}

// Appends numbers from `first` on and says each on `out` once it is acknowledged; consumes some meanwhile.
[[noreturn]] void child(const fs::path& folder, int first, int out) {
  auto spool = Spool::open({folder, std::int64_t{64} << 20, 4096});
  if (!spool.ok()) _exit(3);
  for (int i = first;; ++i) {
    if (!(*spool)->append({{false, line(i, 40 + static_cast<std::size_t>(i % 300))}}).ok()) _exit(4);
    if (write(out, &i, sizeof i) != sizeof i) _exit(5);
  }
}

TEST_F(SpoolTest, KilledAtAnyPointNothingAcknowledgedIsLost) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  const fs::path folder = folder_.path() / "spool";
  fs::create_directories(folder);  // the first child may be killed before it makes it
  int next = 0;
  std::set<int> acknowledged;
  std::set<int> delivered;
  for (int round = 0; round < 60; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      close(ends[0]);
      child(folder, next, ends[1]);
    }
    close(ends[1]);
    const unsigned wanted = random() % 40;
    for (unsigned i = 0; i < wanted; ++i) {
      int number = 0;
      ASSERT_EQ(read(ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
      acknowledged.insert(number);
    }
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    int number = 0;
    while (read(ends[0], &number, sizeof number) == sizeof number) acknowledged.insert(number);
    close(ends[0]);
    // What a power cut leaves behind the synced end: half a frame, or noise.
    if (const auto left = segments(folder); !left.empty() && random() % 2 == 0) {
      std::string frame;
      append_frame(frame, Block::of({false, line(1 << 20, 100)}));
      std::ofstream(left.back(), std::ios::app | std::ios::binary)
          << frame.substr(0, random() % frame.size());
    }
    if (!acknowledged.empty()) next = *acknowledged.rbegin() + 2;  // the one under way may be there or not
    if (random() % 3 != 0) continue;
    auto spool = open(std::int64_t{64} << 20, 4096);
    ASSERT_NE(spool, nullptr);
    for (unsigned batches = random() % 6; batches > 0; --batches) {
      auto batch = spool->read(20, 1 << 20);
      ASSERT_TRUE(batch.ok());
      for (const std::string& text : texts_of(*batch)) delivered.insert(number_of(text));
      spool->consume(batch->next, batch->items);
    }
  }
  auto spool = open(std::int64_t{64} << 20, 4096);
  const auto rest = drain(*spool);
  delivered.insert(rest.begin(), rest.end());
  EXPECT_EQ(spool->state().damaged_bytes, 0);
  EXPECT_EQ(spool->state().waiting, 0);
  for (const int number : acknowledged) EXPECT_TRUE(delivered.contains(number)) << number;
}

}  // namespace
}  // namespace plumbline::agent
