#include "consumers/loop/dead_letters.h"

#include <gtest/gtest.h>

namespace plumbline::loop {
namespace {

TEST(BodyTextTest, PlainTextStaysAsItIs) {
  EXPECT_EQ(body_text(""), "");
  EXPECT_EQ(body_text("{\"a\":\t\"\u00fc \U0001f600\"}\n"), "{\"a\":\t\"\u00fc \U0001f600\"}\n");
}

TEST(BodyTextTest, EverythingElseIsBase64) {
  using namespace std::string_view_literals;
  EXPECT_EQ(body_text("a\0b"sv), "base64:YQBi");
  for (std::string_view bad :
       {"\xff"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv, "\xf4\x90\x80\x80"sv, "\xe2\x82"sv, "\x1b[0m"sv}) {
    EXPECT_EQ(body_text(bad).substr(0, 7), "base64:") << bad;
  }
}

TEST(BodyTextTest, LongBodiesAreCutBetweenCharacters) {
  std::string body(kDeadBodyBytesMax - 1, 'x');
  body += "\u00fc and more";
  EXPECT_EQ(body_text(body).size(), kDeadBodyBytesMax - 1);
  EXPECT_LE(body_text(std::string(2 * kDeadBodyBytesMax, '\xff')).size(), 2 * kDeadBodyBytesMax);
}

TEST(PlainTest, NamesLoseWhatIsNotText) {
  EXPECT_EQ(plain("agent \u00fc"), "agent \u00fc");
  EXPECT_EQ(plain("a\nb\x01\xff"), "a?b??");
}

}  // namespace
}  // namespace plumbline::loop
