#include "consumers/persist/turns.h"

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace plumbline::persist {
namespace {

using std::chrono::milliseconds;

TEST(Turns, HalfOfTheMembersRoundedUpHaveOne) {
  for (const std::size_t members : {1U, 2U, 3U, 4U, 7U}) {
    Turns turns(members, milliseconds(1));
    std::vector<std::unique_ptr<Turns::Turn>> held;
    for (std::size_t n = 0; n < (members + 1) / 2; ++n) {
      held.push_back(std::make_unique<Turns::Turn>(turns));
      EXPECT_TRUE(held.back()->held());
    }
    EXPECT_FALSE(Turns::Turn(turns).held()) << "and nobody waits for ever: " << members << " members";
    held.clear();
    EXPECT_TRUE(Turns::Turn(turns).held());
  }
}

TEST(Turns, WhoWaitsIsWokenWhenOneIsGivenBack) {
  Turns turns(1, std::chrono::seconds(60));
  std::optional<Turns::Turn> held(turns);
  std::jthread other([&] { EXPECT_TRUE(Turns::Turn(turns).held()); });
  held.reset();
}

}  // namespace
}  // namespace plumbline::persist
