#include "sinks/postgres/health_sums.h"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace plumbline::postgres {
namespace {

TEST(SumMap, FindsEachKeyAgainAndKeepsTheOrderOfArrival) {
  SumMap<int> sums;
  std::map<std::string, int> wanted;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = std::string(static_cast<std::size_t>(i % 41), 'k') + std::to_string(i % 7000);
    ++sums.at(key);
    ++wanted[key];
  }
  ASSERT_EQ(sums.size(), wanted.size());
  for (const auto& [key, count] : sums.all()) EXPECT_EQ(count, wanted[key]) << key;
  EXPECT_EQ(sums.all().front().first, "0");
  sums.clear();
  EXPECT_EQ(sums.at("0"), 0);
}

// Names are the senders' to choose: without a seed, two flipped bits of words 16 bytes apart cancelled out.
TEST(SumHash, KeysThatDifferByFlippedBitsOfTwoWordsDoNotMeet) {
  const std::string key(64, 'a');
  std::set<std::uint64_t> seen{sum_hash(key)};
  std::size_t keys = 1;
  for (std::size_t first = 0; first < 16 * 8; ++first) {
    for (std::size_t second = 16 * 8; second < 32 * 8; ++second) {
      for (const std::size_t third : {second, second / 64 * 64 + (second + 32) % 64}) {
        std::string other = key;
        for (const std::size_t bit : {first, second})
          other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
        if (third != second) other[third / 8] = static_cast<char>(other[third / 8] ^ (1 << third % 8));
        if (third != second && third < second) continue;  // the same pair, seen already
        ++keys;
        seen.insert(sum_hash(other));
      }
    }
  }
  EXPECT_EQ(seen.size(), keys);
}

}  // namespace
}  // namespace plumbline::postgres
