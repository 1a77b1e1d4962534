#include "core/uuid.h"

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

TEST(Uuid, RefusesOtherForms) {
  for (const char* text : {"", "5d9dc9f818184811892f902bd23f0824", "{5d9dc9f8-1818-4811-892f-902bd23f0824}",
                           "5d9dc9f8-1818-4811-892f-902bd23f082g", "5d9dc9f8-1818-4811-892f-902bd23f08245",
                           "5d9dc9f81-818-4811-892f-902bd23f0824"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

}  // namespace
}  // namespace plumbline
