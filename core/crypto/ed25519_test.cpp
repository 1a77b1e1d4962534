#include "core/crypto/ed25519.h"

#include <gtest/gtest.h>

#include "core/crypto/sha256.h"

namespace plumbline::crypto {
namespace {

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

struct Vector {
  std::string_view seed, public_key, message, signature;
};

// RFC 8032, section 7.1: tests 1 to 3.
constexpr Vector kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "0595bbe24655141438e7a1"
     "00b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4302aeeb00d291612bb0"
     "c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "9716ed28dc027beceea1ec"
     "40a"},
};

TEST(Ed25519, KnowsTheVectorsOfRfc8032) {
  for (const Vector& vector : kRfc8032) {
    const auto key = Ed25519SecretKey::from_seed(Secret(from_hex(vector.seed)));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->public_key().bytes(), from_hex(vector.public_key));
    const std::string message = from_hex(vector.message);
    EXPECT_EQ(to_hex(as_bytes(key->sign(message))), vector.signature);
    EXPECT_TRUE(key->public_key().verify(message, from_hex(vector.signature)));
  }
}

TEST(Ed25519, RefusesAnythingElse) {
  const auto key = Ed25519SecretKey::random();
  std::string signature = key.sign("message");
  EXPECT_FALSE(key.public_key().verify("other", signature));
  EXPECT_FALSE(key.public_key().verify("message", signature.substr(1)));
  EXPECT_FALSE(Ed25519SecretKey::random().public_key().verify("message", signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    signature[i] = static_cast<char>(signature[i] ^ 1);
    EXPECT_FALSE(key.public_key().verify("message", signature)) << i;
    signature[i] = static_cast<char>(signature[i] ^ 1);
  }
  const auto small_order = Ed25519PublicKey::from_bytes(std::string(32, '\0'));
  EXPECT_FALSE(small_order->verify("message", std::string(64, '\0')));
  EXPECT_FALSE(Ed25519PublicKey::from_bytes("short"));
  EXPECT_FALSE(Ed25519SecretKey::from_seed(Secret("short")));
}

}  // namespace
}  // namespace plumbline::crypto
