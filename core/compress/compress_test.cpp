#include "core/compress/compress.h"

#include <random>

#include <gtest/gtest.h>

namespace plumbline::compress {
namespace {

class Compress : public ::testing::TestWithParam<Encoding> {
 protected:
  Status run(std::string_view in, std::size_t bytes_max = 1 << 20) {
    return decompressor_.run(GetParam(), in, out_, bytes_max);
  }
  std::string pack(std::string_view in) { return compress(GetParam(), in).value(); }
  Decompressor decompressor_;
  PaddedBuffer out_;
};
INSTANTIATE_TEST_SUITE_P(Encodings, Compress, ::testing::Values(Encoding::kGzip, Encoding::kZstd),
                         [](const auto& each) { return each.param == Encoding::kGzip ? "gzip" : "zstd"; });

TEST_P(Compress, GivesBackWhatWentIn) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  for (const std::size_t size : {0U, 1U, 100U, 4096U, 70000U, 900000U}) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 5);
    ASSERT_TRUE(run(pack(text)).ok()) << "size " << size << " seed " << seed;
    EXPECT_EQ(out_.view(), text);
  }
}

TEST_P(Compress, ReadsSeveralMembersAsOneText) {
  ASSERT_TRUE(run(pack("one ") + pack("two ") + pack("three")).ok());
  EXPECT_EQ(out_.view(), "one two three");
}

TEST_P(Compress, StopsABombAtTheLimit) {
  const std::string bomb = pack(std::string(64 << 20, '0'));
  const Status status = run(bomb, 1 << 20);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "too_large");
  EXPECT_LE(out_.capacity(), std::size_t{2} << 20);
}

TEST_P(Compress, StopsWhatGrowsAsNoTextDoesLongBeforeALargeLimit) {
  const std::string bomb = pack(std::string(64 << 20, '0'));
  const Status status = run(bomb, std::size_t{16} << 20);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "too_large");
  EXPECT_LE(out_.capacity(), std::size_t{6} << 20);
}

TEST_P(Compress, TakesExactlyTheLimit) {
  const std::string text(1000, 'x');
  EXPECT_TRUE(run(pack(text), 1000).ok());
  EXPECT_EQ(run(pack(text), 999).error().code, "too_large");
}

TEST_P(Compress, RefusesWhatIsDamagedCutOrFollowedByGarbage) {
  const std::string good = pack(std::string(5000, 'y') + "tail");
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    const Status status = run(std::string_view(good).substr(0, cut));
    ASSERT_FALSE(status.ok()) << "cut at " << cut;
    EXPECT_EQ(status.error().code, "bad_encoding");
  }
  EXPECT_EQ(run(good + "garbage").error().code, "bad_encoding");
  EXPECT_EQ(run("not compressed at all").error().code, "bad_encoding");
  EXPECT_TRUE(run(good).ok()) << "a decompressor goes on after a refusal";
}

}  // namespace
}  // namespace plumbline::compress
