#include "console/api/tokens.h"

#include <gtest/gtest.h>

namespace plumbline::console {
namespace {

constexpr const char* kOld = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kNew = "HB0eHwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=";
constexpr const char* kIssuer = "https://console.example";

struct TokensTest : testing::Test {
  ManualClock clock{TimeUs{1'800'000'000'000'000}};
  Tokens tokens{Secret(kOld), kIssuer, std::chrono::minutes(10), clock};
  Uuid user = Uuid::random(), session = Uuid::random();
  std::string made = tokens.make_access(user, session);
};

TEST_F(TokensTest, SayWhoUntilTheyEnd) {
  const auto claims = tokens.verify_access(made);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->user, user);
  EXPECT_EQ(claims->session, session);
  clock.advance(std::chrono::seconds(599));
  EXPECT_TRUE(tokens.verify_access(made));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(tokens.verify_access(made));
}

TEST_F(TokensTest, OfALaterClockAreNotTaken) {
  clock.advance(-std::chrono::seconds(61));
  EXPECT_FALSE(tokens.verify_access(made));
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(tokens.verify_access(made));
}

TEST_F(TokensTest, AnyOtherByteMakesThemWorthless) {
  for (std::size_t i = 0; i < made.size(); ++i) {
    std::string other = made;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    if (other == made) continue;
    EXPECT_FALSE(tokens.verify_access(other)) << i;
  }
  for (const std::string& other :
       {std::string(), std::string("."), std::string(".."), made + "A", "A" + made})
    EXPECT_FALSE(tokens.verify_access(other));
}

TEST_F(TokensTest, AreForOneConsoleAndOneKey) {
  EXPECT_FALSE(
      Tokens(Secret(kOld), "https://other.example", std::chrono::minutes(10), clock).verify_access(made));
  EXPECT_FALSE(Tokens(Secret(kNew), kIssuer, std::chrono::minutes(10), clock).verify_access(made));
  const Tokens turned(Secret(std::string(kNew) + "\n" + kOld), kIssuer, std::chrono::minutes(10), clock);
  EXPECT_TRUE(turned.verify_access(made));
  EXPECT_FALSE(tokens.verify_access(turned.make_access(user, session)));
  EXPECT_TRUE(turned.is_csrf(session, tokens.csrf(session)));
}

TEST_F(TokensTest, ACsrfValueBelongsToItsSession) {
  EXPECT_TRUE(tokens.is_csrf(session, tokens.csrf(session)));
  EXPECT_FALSE(tokens.is_csrf(Uuid::random(), tokens.csrf(session)));
  EXPECT_FALSE(tokens.is_csrf(session, ""));
  EXPECT_FALSE(tokens.is_csrf(session, "any"));
}

TEST(Pkce, MatchesTheExampleOfTheRfc) {
  EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

}  // namespace
}  // namespace plumbline::console
