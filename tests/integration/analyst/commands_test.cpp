// `plumbline health show` and `plumbline replay health` as a person types them, on the real sample.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/codec/json_value.h"
#include "tests/integration/analyst/live.h"

namespace plumbline::tests {
namespace {

using testing::HasSubstr;

TEST(HealthCommands, ShowsTheNumberItsPartsAndTheWorstRepositories) {
  const std::string said = Live::shared().stack().plumbline("health show --tenant acme");
  EXPECT_THAT(said, HasSubstr("acme: health "));
  EXPECT_THAT(said, HasSubstr("2 of 2 active repositories reported within 7 days"));
  EXPECT_LT(said.find("rxjs-strict"), said.rfind("rxjs ")) << said;
  EXPECT_THAT(Live::shared().stack().plumbline("health show --tenant other"),
              HasSubstr("no repository reported within 30 days"));
}

TEST(HealthCommands, SpeaksJsonToo) {
  const auto read =
      codec::JsonValue::parse(Live::shared().stack().plumbline("health show --tenant acme --json"));
  ASSERT_TRUE(read.ok());
  const auto number = [&](std::string_view name) { return (*read)[name].number().value_or(-1); };
  EXPECT_NEAR(
      number("score_points") + number("pass_points") + number("drift_points") + number("coverage_points"),
      number("health"), 0.21);
  EXPECT_EQ((*read)["repos"].items().size(), 2u);
  EXPECT_EQ((*read)["repos"].at(0)["repo"].text(), "rxjs-strict");
}

TEST(HealthCommands, ReplayOfRightTablesShowsNoDifference) {
  const std::string said = Live::shared().stack().plumbline("replay health --from 2001-01-01 --dry-run");
  EXPECT_THAT(said, HasSubstr(" 0 differ")) << said;
}

TEST(HealthCommands, ReplayShowsAndMendsAWrongRow) {
  Stack& stack = Live::shared().stack();
  auto super = stack.database().superuser();
  (void)require(super.query("UPDATE plumbline.health_repo_latest SET score = 1 WHERE repo = 'rxjs'"));
  const std::string said = stack.plumbline("replay health --from 2001-01-01 --tenant acme");
  EXPECT_THAT(said, HasSubstr("score 1 -> 100")) << said;
  EXPECT_THAT(said, HasSubstr("1 rows replaced")) << said;
  EXPECT_EQ(stack.value("SELECT score FROM plumbline.health_repo_latest WHERE repo = 'rxjs'"), "100");
}

}  // namespace
}  // namespace plumbline::tests
