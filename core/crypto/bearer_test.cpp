#include "core/crypto/bearer.h"

#include <gtest/gtest.h>

namespace plumbline::crypto {
namespace {

TEST(Bearer, ATokenNamesItsKeyAndMatchesItsHashOnly) {
  const Secret token = random_bearer_token("key_one");
  EXPECT_EQ(key_id_of_bearer(token.reveal()), "key_one");
  const Digest256 hash = bearer_hash(token.reveal());
  EXPECT_TRUE(bearer_matches(token.reveal(), &hash));
  EXPECT_FALSE(bearer_matches(token.reveal(), nullptr));
  EXPECT_FALSE(bearer_matches(random_bearer_token("key_one").reveal(), &hash));
  // The same random part under another key's name is another token.
  const std::string other = "key_two" + std::string(token.reveal().substr(7));
  EXPECT_EQ(key_id_of_bearer(other), "key_two");
  EXPECT_FALSE(bearer_matches(other, &hash));
}

TEST(Bearer, OtherSecretsAreNoTokens) {
  const std::string secret(43, 'A');
  for (const std::string& text :
       {std::string(), std::string("."), "key_one.plb_" + secret + "A", "key_one.plb_" + secret.substr(1),
        ".plb_" + secret, "key.one.plb_" + secret, "key_one.whsec_" + secret, "whsec_" + secret + "=",
        "key_one.plb_" + secret.substr(1) + "+", "key one.plb_" + secret,
        std::string(65, 'k') + ".plb_" + secret}) {
    EXPECT_FALSE(key_id_of_bearer(text)) << text;
  }
}

}  // namespace
}  // namespace plumbline::crypto
