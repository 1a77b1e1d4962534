#include "core/crypto/hmac.h"

#include <string>

#include <gtest/gtest.h>

namespace plumbline::crypto {
namespace {

struct Vector {
  std::string key;
  std::string data;
  std::string mac;
};

const Vector kRfc4231[] = {
    {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {std::string(20, '\xaa'), std::string(50, '\xdd'),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {std::string(131, '\xaa'),
     "This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
     "be hashed "
     "before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

TEST(Hmac, KnowsTheVectorsOfRfc4231) {
  for (const Vector& vector : kRfc4231) {
    const HmacKey key{vector.key};
    EXPECT_EQ(to_hex(key.mac({vector.data})), vector.mac);
    EXPECT_EQ(to_hex(key.mac({vector.data})), vector.mac) << "a prepared key is only read";
  }
}

TEST(Hmac, PartsCountAsTheirConcatenation) {
  const HmacKey key{"Jefe"};
  EXPECT_EQ(key.mac({"what do ya ", "", "want ", "for nothing?"}), key.mac({"what do ya want for nothing?"}));
}

TEST(Hmac, ComparesContentAndLength) {
  const HmacKey key{"k"};
  const Digest256 a = key.mac({"a"});
  Digest256 b = a;
  EXPECT_TRUE(constant_time_equal(a, b));
  b[31] ^= 1;
  EXPECT_FALSE(constant_time_equal(a, b));
  EXPECT_FALSE(constant_time_equal(a, std::span(a).first(31)));
}

}  // namespace
}  // namespace plumbline::crypto
