// The real files: zeros in any range, also past the page cache, and nothing beside them.
#include <algorithm>
#include <csignal>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/log/embedded/files.h"
#include "tests/support/process/process.h"

namespace plumbline::log::embedded {
namespace {

class Zeros : public testing::Test {
 protected:
  void SetUp() override {
    auto files = posix_files(folder_.path().string(), false);
    ASSERT_TRUE(files.ok());
    files_ = std::move(*files);
    auto file = files_->open("file", true);
    ASSERT_TRUE(file.ok());
    file_ = std::move(*file);
  }
  std::string content() { return *files_->read("file"); }

  test::TempFolder folder_{"zeros"};
  std::unique_ptr<Files> files_;
  std::unique_ptr<File> file_;
};

TEST_F(Zeros, AnyRangeAndNothingBesideIt) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string expected(40 * kBlockBytes, 'x');
  ASSERT_TRUE(file_->write_at(0, expected).ok());
  for (int i = 0; i < 200; ++i) {
    const auto below = [&](std::uint64_t n) {
      return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
    };
    // Whole blocks, parts of one, and past the end; from time to time text over it, through the cache.
    const std::uint64_t at = below(50) * kBlockBytes + (below(2) != 0U ? below(kBlockBytes) : 0);
    const std::uint64_t bytes = below(3) * kBlockBytes + below(kBlockBytes);
    if (bytes == 0) continue;
    if (expected.size() < at + bytes) expected.resize(at + bytes, '\0');
    const bool text = below(3) == 0;
    expected.replace(at, bytes, bytes, text ? 'y' : '\0');
    ASSERT_TRUE((text ? file_->write_at(at, std::string(bytes, 'y')) : file_->write_zeros(at, bytes)).ok());
    ASSERT_EQ(content(), expected) << bytes << " bytes at " << at;
  }
}

TEST_F(Zeros, PiecesStandOneBehindTheOther) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const std::size_t count : {1U, 2U, 255U, 256U, 257U, 1000U}) {
    std::vector<std::string> texts(count);
    std::string expected = content().substr(0, 7);
    expected.resize(7, '\0');
    for (std::string& text : texts) {
      text.assign(1 + random() % 300, static_cast<char>('a' + random() % 26));
      expected += text;
    }
    const std::vector<std::span<const char>> pieces(texts.begin(), texts.end());
    ASSERT_TRUE(file_->write_pieces(7, pieces).ok());
    ASSERT_EQ(content().substr(0, expected.size()), expected) << count;
  }
}

// A file's largest size stops the kernel within a piece, as a disk that fills up does.
TEST_F(Zeros, PiecesThatStopMidwayLeaveABeginning) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> texts{std::string(3000, 'a'), std::string(3000, 'b'),
                                       std::string(3000, 'c')};
  const std::vector<std::span<const char>> pieces(texts.begin(), texts.end());
  for (const rlim_t most : {rlim_t{2000}, rlim_t{3000}, rlim_t{4500}, rlim_t{8999}}) {
    const rlimit limit{most, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const Status written = file_->write_pieces(0, pieces);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_FALSE(written.ok()) << most;
    EXPECT_EQ(content(), (texts[0] + texts[1] + texts[2]).substr(0, most));
  }
  std::signal(SIGXFSZ, handler);
}

TEST_F(Zeros, MoreThanOneWriteTakes) {
  const std::uint64_t bytes = (std::uint64_t{9} << 20) + 5;
  ASSERT_TRUE(file_->write_zeros(0, bytes).ok());
  EXPECT_EQ(file_->size(), bytes);
  EXPECT_EQ(content(), std::string(bytes, '\0'));
}

// Where the file system takes it at all: nothing of them is left in the page cache.
TEST_F(Zeros, PassThePageCache) {
  const std::string path = (folder_.path() / "file").string();
  const int direct = open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
  struct statfs on {};
  const bool in_memory = statfs(path.c_str(), &on) == 0 && on.f_type == TMPFS_MAGIC;
  if (direct >= 0) close(direct);
  if (direct < 0 || in_memory) GTEST_SKIP() << "no direct writes on the file system of the temporary folder";
  constexpr std::uint64_t kBytes = std::uint64_t{1} << 20;
  ASSERT_TRUE(file_->write_zeros(0, kBytes).ok());
  const auto map = file_->map(kBytes);
  ASSERT_TRUE(map.ok());
  std::vector<unsigned char> resident(kBytes / static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  ASSERT_EQ(mincore(const_cast<char*>(map->get()), kBytes, resident.data()), 0);
  EXPECT_EQ(
      std::count_if(resident.begin(), resident.end(), [](unsigned char page) { return (page & 1U) != 0; }),
      0);
}

// The flag belongs to the descriptor: left there, the next write of a record would be refused as unaligned.
TEST_F(Zeros, RecordsGoThroughTheCacheAfterThem) {
  ASSERT_TRUE(file_->write_zeros(0, 4 * kBlockBytes).ok());
  ASSERT_TRUE(file_->write_at(5, std::string("record")).ok());
  EXPECT_EQ(content().substr(5, 6), "record");
}

}  // namespace
}  // namespace plumbline::log::embedded
