#include "core/http/request_head.h"

#include <gtest/gtest.h>

#include "core/http/chunked.h"

namespace plumbline::http {
namespace {

const std::string kGood = "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nX-Y:  z z \r\n\r\n";

TEST(RequestHead, ReadsLineAndFields) {
  RequestHead head;
  ASSERT_FALSE(parse_head(kGood, head));
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.path(), "/a");
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_EQ(head.field("x-y"), "z z");
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, FindsTheEndHoweverTheBytesArrive) {
  for (std::size_t first = 0; first <= kGood.size(); ++first) {
    bool bare_lf = false;
    const std::size_t early = find_head_end(std::string_view(kGood).substr(0, first), 0, bare_lf);
    EXPECT_EQ(early, first == kGood.size() ? first : 0U);
    EXPECT_EQ(find_head_end(kGood, first > 2 ? first - 2 : 0, bare_lf), kGood.size()) << "split at " << first;
  }
}

TEST(RequestHead, NeverCrashesOnAnyOneByteChange) {
  RequestHead head;
  for (std::size_t at = 0; at < kGood.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string changed = kGood;
      changed[at] = static_cast<char>(c);
      if (const auto refusal = parse_head(changed, head)) {
        EXPECT_GE(refusal->status, 400);
      }
    }
  }
}

TEST(Chunked, ReadsAnySplitTheSame) {
  const std::string coded = "5\r\nhello\r\n0006;ext=\"x\"\r\n world\r\n0\r\nTrailer: dropped\r\n\r\nNEXT";
  for (std::size_t split = 0; split <= coded.size(); ++split) {
    ChunkDecoder decoder(1000);
    PaddedBuffer body;
    std::string_view first = std::string_view(coded).substr(0, split);
    ASSERT_FALSE(decoder.feed(first, body));
    std::string rest(first);
    rest += coded.substr(split);
    std::string_view second = rest;
    ASSERT_FALSE(decoder.feed(second, body));
    EXPECT_TRUE(decoder.done());
    EXPECT_EQ(body.view(), "hello world");
    EXPECT_EQ(second, "NEXT");
  }
}

TEST(Chunked, RefusesWhatIsNotAChunk) {
  const auto refused = [](std::string coded) {
    ChunkDecoder decoder(1000);
    PaddedBuffer body;
    std::string_view input = coded;
    const auto refusal = decoder.feed(input, body);
    return refusal ? refusal->status : 0;
  };
  EXPECT_EQ(refused("\r\n"), 400);
  EXPECT_EQ(refused("0x5\r\n"), 400);
  EXPECT_EQ(refused("5 \r\nhello\r\n"), 400);
  EXPECT_EQ(refused("-1\r\n"), 400);
  EXPECT_EQ(refused("5\nhello"), 400);
  EXPECT_EQ(refused("5\r\nhelloX"), 400);
  EXPECT_EQ(refused("123456789\r\n"), 400);
  EXPECT_EQ(refused("5;a\nb\r\n"), 400);
  EXPECT_EQ(refused("5;" + std::string(kChunkLineBytesMax, 'x')), 400);
  EXPECT_EQ(refused("3e9\r\n"), 413);
  EXPECT_EQ(refused("0\r\n" + std::string(kTrailerBytesMax + 1, 'x')), 431);
  EXPECT_EQ(refused("0\r\nA: \x01\r\n\r\n"), 400);
}

}  // namespace
}  // namespace plumbline::http
