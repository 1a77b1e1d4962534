#include "core/crypto/seal.h"

#include <gtest/gtest.h>

#include "core/crypto/random.h"

namespace plumbline::crypto {
namespace {

constexpr char kOld[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr char kNew[] = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
const std::string kContext = seal_context("b0c1d2e3-0000-4000-8000-000000000001", "keys", "secret", "key_1");

Sealer sealer(const std::string& text) {
  auto made = Sealer::from_text(Secret(text));
  EXPECT_TRUE(made.ok());
  return std::move(made).value();
}

TEST(Seal, OpensWhatItSealed) {
  const Sealer keys = sealer(kOld);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{32}, std::size_t{5000}}) {
    const Secret plain{random_bytes(size)};
    const std::string sealed = keys.seal(plain, kContext);
    EXPECT_EQ(sealed.size(), 1 + 8 + 24 + 48 + 24 + size + 16);
    EXPECT_EQ(keys.open(sealed, kContext).value().reveal(), plain.reveal());
    EXPECT_NE(sealed, keys.seal(plain, kContext));
  }
}

TEST(Seal, EveryChangedBitAndEveryCutIsRefused) {
  const Sealer keys = sealer(kOld);
  const std::string sealed = keys.seal(Secret("secret"), kContext);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(keys.open(changed, kContext)) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(keys.open(sealed.substr(0, size), kContext)) << size;
}

TEST(Seal, BelongsToItsRow) {
  const Sealer keys = sealer(kOld);
  const std::string sealed = keys.seal(Secret("secret"), kContext);
  const auto moved = keys.open(sealed, kContext + "2");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, "sealed");
}

TEST(Seal, AnotherMasterKeyIsNamed) {
  const std::string sealed = sealer(kOld).seal(Secret("secret"), kContext);
  const Sealer other = sealer(kNew);
  const auto opened = other.open(sealed, kContext);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "master_key");
  EXPECT_NE(opened.error().message.find(sealer(kOld).key_id()), std::string::npos) << opened.error().message;
  EXPECT_NE(opened.error().message.find(other.key_id()), std::string::npos);
  EXPECT_EQ(Sealer::key_id_of(sealed), sealer(kOld).key_id());
  EXPECT_EQ(Sealer::key_id_of("x"), "");
}

TEST(Seal, MasterKeysAreReplacedWithAnOverlap) {
  const std::string sealed = sealer(kOld).seal(Secret("secret"), kContext);
  const Sealer both = sealer(std::string(kNew) + "\n" + kOld + "\n");
  EXPECT_EQ(both.open(sealed, kContext).value().reveal(), "secret");
  const std::string resealed = both.reseal(sealed, kContext).value();
  EXPECT_EQ(sealer(kNew).open(resealed, kContext).value().reveal(), "secret");
  EXPECT_EQ(Sealer::key_id_of(resealed), sealer(kNew).key_id());
  EXPECT_FALSE(sealer(kNew).reseal(sealed, kContext));
}

TEST(Seal, BadMasterKeysAreRefusedWithoutShowingThem) {
  for (const std::string text :
       {"", " \n", "c2hvcnQ=", "not base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}) {
    const auto made = Sealer::from_text(Secret(text));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "master_key");
    EXPECT_EQ(made.error().message.find("c2hvcnQ"), std::string::npos);
  }
  EXPECT_TRUE(Sealer::from_text(random_master_key()).ok());
}

}  // namespace
}  // namespace plumbline::crypto
