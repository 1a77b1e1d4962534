#include "core/crypto/sha256.h"

#include <gtest/gtest.h>

namespace plumbline::crypto {
namespace {

TEST(Sha256, KnowsTheVectorsOfFips180) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, ACopyGoesOnFromTheSamePrefix) {
  Sha256 hash;
  hash.update("ab");
  Sha256 copy = hash;
  hash.update("x");
  copy.update("c");
  EXPECT_EQ(copy.finish(), sha256("abc"));
  EXPECT_EQ(hash.finish(), sha256("abx"));
}

}  // namespace
}  // namespace plumbline::crypto
