#include "consumers/drift/matchers.h"

#include <gtest/gtest.h>

namespace plumbline::drift {
namespace {

TEST(Matchers, TheDefaultsKnowLayersByWhateverNamesThem) {
  const Matchers matchers;
  EXPECT_TRUE(matchers.match("ARCH_BOUNDARY", "", ""));
  EXPECT_TRUE(matchers.match("arch_boundary", "", ""));
  EXPECT_TRUE(matchers.match("x", "Architectural Violation", ""));
  EXPECT_TRUE(matchers.match("x", "Layer violation", ""));
  EXPECT_TRUE(matchers.match("no-layer-skip", "", ""));
  EXPECT_TRUE(matchers.match("noLayerSkip", "", ""));
  EXPECT_TRUE(matchers.match("x", "y", "architecture"));
  for (const char* other :
       {"file-size", "context-drift", "player", "multilayered", "ARCH_BOUNDARY_2", "research"}) {
    EXPECT_FALSE(matchers.match(other, "File Size Limit", "style")) << other;
  }
}

TEST(Matchers, AStarStandsForAnyRest) {
  const Matchers matchers{{"dep-*"}, {}};
  EXPECT_TRUE(matchers.match("DEP-cycle", "", ""));
  EXPECT_FALSE(matchers.match("dep", "Layer violation", ""));
}

}  // namespace
}  // namespace plumbline::drift
