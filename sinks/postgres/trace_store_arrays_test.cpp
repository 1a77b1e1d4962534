#include "sinks/postgres/trace_store_arrays.h"

#include <optional>

#include <gtest/gtest.h>

namespace plumbline::postgres {
namespace {

// PostgreSQL 15 documentation, 8.15.6 "Array Input and Output Syntax".
TEST(TextArray, IsALiteralAfterEveryAdd) {
  TextArray array;
  EXPECT_EQ(array.text(), "{}");
  array.add("");
  EXPECT_EQ(array.text(), R"({""})");
  array.add_null();
  array.add(7);
  EXPECT_EQ(array.text(), R"({"",NULL,7})");
  array.add(R"(a "b" \)");
  array.add(R"("\)");
  array.add("{x,y}");
  EXPECT_EQ(array.text(), R"({"",NULL,7,"a \"b\" \\","\"\\","{x,y}"})");
}

TEST(TextArray, MayBeginWithNull) {
  TextArray array;
  array.add(std::optional<std::string>());
  array.add(std::optional<std::string>("a"));
  EXPECT_EQ(array.text(), R"({NULL,"a"})");
}

}  // namespace
}  // namespace plumbline::postgres
