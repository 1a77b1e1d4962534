#include "core/uuid.h"

#include <string>

#include <gtest/gtest.h>

namespace plumbline {
namespace {

TEST(Uuid, ParsesWhatItPrints) {
  const Uuid id = Uuid::random();
  EXPECT_EQ(Uuid::parse(id.to_string()), id);
  EXPECT_EQ(id.bytes[6] >> 4, 4);
}

TEST(Uuid, AcceptsEitherCaseAndPrintsLower) {
  const auto id = Uuid::parse("5D9DC9F8-1818-4811-892F-902BD23F0824");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), "5d9dc9f8-1818-4811-892f-902bd23f0824");
}

TEST(Uuid, TakesEachDigitInEachPlaceAndNothingElse) {
  const std::string good = "01234567-89ab-cdef-FEDC-BA9876543210";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[at] = static_cast<char>(byte);
      const bool digit =
          (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
      const auto id = Uuid::parse(text);
      ASSERT_EQ(id.has_value(), good[at] == '-' ? byte == '-' : digit) << at << " " << byte;
      if (!id) continue;
      std::string lower = text;
      for (char& c : lower) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
      EXPECT_EQ(id->to_string(), lower);
    }
  }
}

TEST(Uuid, RefusesOtherForms) {
  for (const char* text : {"", "5d9dc9f818184811892f902bd23f0824", "{5d9dc9f8-1818-4811-892f-902bd23f0824}",
                           "5d9dc9f8-1818-4811-892f-902bd23f082g", "5d9dc9f8-1818-4811-892f-902bd23f08245",
                           "5d9dc9f81-818-4811-892f-902bd23f0824"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

}  // namespace
}  // namespace plumbline
