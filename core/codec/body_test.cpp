#include "core/codec/body.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/limits.h"

namespace plumbline::codec {
namespace {

std::vector<std::string> split(std::string body, MediaType type) {
  BodySplitter splitter;
  const auto items = splitter.split(body.data(), body.size(), type);
  if (!items) return {"error " + items.error().code};
  return {items->begin(), items->end()};
}
using Items = std::vector<std::string>;

TEST(MediaType, TakesTheTwoItKnows) {
  EXPECT_EQ(parse_media_type("application/json"), MediaType::kJson);
  EXPECT_EQ(parse_media_type("Application/JSON; charset=UTF-8"), MediaType::kJson);
  EXPECT_EQ(parse_media_type("application/x-ndjson"), MediaType::kNdjson);
  EXPECT_EQ(parse_media_type("text/plain"), std::nullopt);
  EXPECT_EQ(parse_media_type("application/json; charset=latin1"), std::nullopt);
  EXPECT_EQ(parse_media_type(""), std::nullopt);
}

TEST(BodySplitter, TakesOneObject) {
  EXPECT_EQ(split(" {\"a\":\r\n1}\n", MediaType::kJson), Items{"{\"a\":  1}"});
}
TEST(BodySplitter, LeavesALineEndWithinAString) {
  EXPECT_EQ(split("{\"a\":\"x\ny\"}", MediaType::kJson), Items{"{\"a\":\"x\ny\"}"});
}
TEST(BodySplitter, TakesAnArray) {
  EXPECT_EQ(split("[ {\"a\":[1,2]},\n{\"b\":\n\",]\"} , 3]", MediaType::kJson),
            (Items{"{\"a\":[1,2]}", "{\"b\": \",]\"}", "3"}));
}
TEST(BodySplitter, RefusesAnArrayThatCantBeToldApart) {
  for (const char* body : {"[{}", "[{},]", "[,{}]", "[{}]]", "[{}] {}", "[}", "[\"a]", "[{}\xff]", "[,]"}) {
    EXPECT_EQ(split(body, MediaType::kJson), Items{"error invalid_body"}) << body;
  }
}
TEST(BodySplitter, RefusesNothingAtAll) {
  for (const char* body : {"", " \n", "[]", "[ ]"})
    EXPECT_EQ(split(body, MediaType::kJson), Items{"error empty_body"}) << body;
  EXPECT_EQ(split("\n \r\n", MediaType::kNdjson), Items{"error empty_body"});
  EXPECT_EQ(split("7", MediaType::kJson), Items{"error invalid_body"});
}
TEST(BodySplitter, TakesLines) {
  EXPECT_EQ(split("{\"a\":1}\r\n\n  {\"b\":\r2} \nbroken\n[1]", MediaType::kNdjson),
            (Items{"{\"a\":1}", "{\"b\": 2}", "broken", "[1]"}));
}
TEST(BodySplitter, BoundsTheItems) {
  std::string lines, array = "[";
  for (std::size_t i = 0; i <= limits::kTracesPerRequestMax; ++i)
    lines += "1\n", array += i == 0 ? "1" : ",1";
  EXPECT_EQ(split(lines, MediaType::kNdjson), Items{"error too_many_items"});
  EXPECT_EQ(split(array + "]", MediaType::kJson), Items{"error too_many_items"});
  EXPECT_EQ(split(lines.substr(2), MediaType::kNdjson).size(), limits::kTracesPerRequestMax);
}

}  // namespace
}  // namespace plumbline::codec
