#include "core/time.h"

#include <gtest/gtest.h>

namespace plumbline {
namespace {

TEST(Time, ParsesOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z")->value, 0);
  EXPECT_EQ(parse_rfc3339("2026-11-02T09:00:00+00:00")->value, 1793610000000000);
  EXPECT_EQ(parse_rfc3339("2026-11-02T10:30:00.5+01:30")->value, 1793610000500000);
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:59:59.999999999Z")->value, -1);
}

TEST(Time, PrintsWhatItParsed) {
  for (const char* text :
       {"2026-11-02T09:00:00.000000Z", "0001-01-01T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"}) {
    EXPECT_EQ(format_rfc3339(*parse_rfc3339(text)), text);
  }
}

TEST(Time, RefusesWhatIsNotADateTime) {
  for (const char* text :
       {"", "2026-11-02", "2026-11-02T09:00:00", "2026-02-29T09:00:00Z", "2026-11-02T24:00:00Z",
        "2026-11-02T09:00:60Z", "2026-11-02 09:00:00Z", "2026-11-02T09:00:00.Z", "2026-11-02T09:00:00+0100",
        "2026-11-02T09:00:00Zx", "2026-11-02T09:00:00+24:00", "0000-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Time, AReaderThatRemembersSaysTheSame) {
  Rfc3339Reader reader;
  EXPECT_FALSE(reader.parse(std::string(19, '\0') + "Z")) << "what it has read before it read anything";
  for (int twice = 0; twice < 2; ++twice) {
    for (const char* text :
         {"2026-11-02T09:00:00Z", "2026-11-02T09:00:00.25Z", "2026-11-02T09:00:00.25+01:30",
          "2026-11-02T09:00:00", "2026-11-02T09:00:00.Z", "2026-11-02T09:00:00.1Zx", "2026-11-02t09:00:00z",
          "2026-11-02T09:00:01Z", "", "2026-02-29T09:00:00Z", "2026-02-28T09:00:00Z", "2026-11-02T09:00:60Z",
          "2026-11-02T09:00:00.25Z"}) {
      EXPECT_EQ(reader.parse(text), parse_rfc3339(text)) << text;
    }
  }
}

}  // namespace
}  // namespace plumbline
