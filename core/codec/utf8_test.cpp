#include "core/codec/utf8.h"

#include <gtest/gtest.h>

#include "core/codec/json_writer.h"

namespace plumbline::codec {
namespace {

// First and last of each length, and what Unicode 15, table 3-7 leaves out.
TEST(Utf8, CharactersAndWhatIsNone) {
  EXPECT_EQ(character_size("a"), 1U);
  EXPECT_EQ(character_size("\x7f"), 1U);
  for (const char* two : {"\xc2\x80", "\xdf\xbf"}) EXPECT_EQ(character_size(two), 2U);
  for (const char* three : {"\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf"})
    EXPECT_EQ(character_size(three), 3U);
  for (const char* four : {"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) EXPECT_EQ(character_size(four), 4U);
  for (const char* none :
       {"", "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82", "\xf0\x9f\x92",
        "\xc2"
        "a"})
    EXPECT_EQ(character_size(none), 0U) << none;
}

TEST(Utf8, RepairedIsWhatTheWriterWrites) {
  using namespace std::string_view_literals;
  EXPECT_EQ(repaired("plain"), "plain");
  EXPECT_EQ(repaired("\xe2\x82\xac"), "\xe2\x82\xac");
  EXPECT_EQ(repaired(std::string("a\0\xff\xe2\x82z"sv)),
            "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
  for (const std::string_view text : {"a\0\xff\xe2\x82z"sv, "\xed\xa0\x80\xf0\x9f\x92\xa9"sv}) {
    std::string once, again;
    append_json_string(once, text);
    append_json_string(again, repaired(std::string(text)));
    EXPECT_EQ(once, again);
  }
}

}  // namespace
}  // namespace plumbline::codec
