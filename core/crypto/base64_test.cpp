#include "core/crypto/base64.h"

#include <array>

#include <gtest/gtest.h>

namespace plumbline::crypto {
namespace {

TEST(Base64, KnowsTheVectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, UrlSafeHasNoPadding) {
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), "\xfb\xff");
  EXPECT_EQ(base64url_decode("-_8="), std::nullopt);
  EXPECT_EQ(base64url_decode("+/8"), std::nullopt);
}

TEST(Base64, RefusesEveryOtherTextForTheSameBytes) {
  for (const char* text :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Zg==Zg==", "====", "Z===", "Zm9v-", "Zm8_", "Z"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

TEST(Base64, DecodesEveryLengthIntoABuffer) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    const std::string text = base64_encode(bytes);
    EXPECT_EQ(base64_decode(text), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
    std::array<std::uint8_t, 299> out;
    EXPECT_EQ(base64_decode_into(text, out),
              bytes.size() <= 299 ? std::optional(bytes.size()) : std::nullopt);
    bytes += static_cast<char>(i * 7);
  }
}

}  // namespace
}  // namespace plumbline::crypto
