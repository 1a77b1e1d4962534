#include "core/result.h"

#include <memory>
#include <sstream>

#include <gtest/gtest.h>

#include "core/secret.h"

namespace plumbline {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return poison("odd", "an even number is needed");
  return n / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*half(4), 2);
  const auto failed = half(3);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "odd");
  EXPECT_EQ(failed.error().fault, Fault::kPoison);
}

TEST(Result, MovesOutWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> held(std::make_unique<int>(7));
  EXPECT_EQ(*std::move(held).value(), 7);
}

TEST(Secret, PrintsStars) {
  std::ostringstream out;
  out << Secret("hunter2");
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(to_string(Secret("hunter2")), "***");
}

}  // namespace
}  // namespace plumbline
