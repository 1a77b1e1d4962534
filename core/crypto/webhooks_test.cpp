#include "core/crypto/webhooks.h"

#include <gtest/gtest.h>

#include "core/crypto/base64.h"

namespace plumbline::crypto {
namespace {

// The example of the Standard Webhooks specification's reference libraries.
constexpr char kSecretText[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr char kId[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr char kBody[] = R"({"test": 2432232314})";
constexpr char kSignature[] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr std::int64_t kTimeS = 1614265330;
constexpr TimeUs kNow{kTimeS * 1000000};

HmacKey spec_key() {
  return HmacKey{parse_signing_secret(kSecretText).value().reveal()};
}

std::string code_of(const SignatureHeaders& headers, std::string_view body = kBody, TimeUs now = kNow) {
  const HmacKey key = spec_key();
  const VerifyKey keys[] = {{.hmac = &key}};
  const auto verified = verify(headers, body, keys, now);
  return verified ? "ok" : verified.error().code;
}

TEST(Webhooks, KnowsTheSpecificationsExample) {
  EXPECT_EQ(sign(spec_key(), kId, kTimeS, kBody), kSignature);
  EXPECT_EQ(code_of({kId, "1614265330", kSignature}), "ok");
  const HmacKey key = spec_key();
  const VerifyKey keys[] = {{.hmac = &key}};
  const auto verified = verify({kId, "1614265330", kSignature}, kBody, keys, kNow);
  EXPECT_EQ(verified->timestamp_s(), kTimeS);
  EXPECT_EQ(verified->key_index(), 0u);
}

TEST(Webhooks, AnyChangeIsRefused) {
  EXPECT_EQ(code_of({kId, "1614265331", kSignature}), "signature");
  EXPECT_EQ(code_of({"msg_p5jXN8AQM9LWM0D4loKWxJel", "1614265330", kSignature}), "signature");
  EXPECT_EQ(code_of({kId, "1614265330", kSignature}, R"({"test": 2432232315})"), "signature");
  EXPECT_EQ(code_of({kId, "1614265330", "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}), "signature");
  EXPECT_EQ(code_of({kId, "01614265330", kSignature}), "signature")
      << "the header's own bytes are what is signed";
}

TEST(Webhooks, ToleranceIsExactlyFiveMinutesEitherWay) {
  const SignatureHeaders headers{kId, "1614265330", kSignature};
  EXPECT_EQ(code_of(headers, kBody, {kNow.value + 300000000}), "ok");
  EXPECT_EQ(code_of(headers, kBody, {kNow.value - 300000000}), "ok");
  EXPECT_EQ(code_of(headers, kBody, {kNow.value + 300000001}), "signature_time");
  EXPECT_EQ(code_of(headers, kBody, {kNow.value - 300000001}), "signature_time");
}

TEST(Webhooks, MalformedHeadersAreNamed) {
  const std::string long_id(257, 'a');
  for (const std::string id : {"", "a.b", "a b", "a\n", "\xc3\xa4", long_id.c_str()}) {
    EXPECT_EQ(code_of({id, "1614265330", kSignature}), "signature_headers") << id;
  }
  for (const char* timestamp :
       {"", "-1", "+1614265330", "1614265330.0", "1614265330 ", "1e9", "0x10", "1234567890123"}) {
    EXPECT_EQ(code_of({kId, timestamp, kSignature}), "signature_headers") << timestamp;
  }
  for (const char* signature :
       {"", " ", "v1", ",", "v1,", "v1,AAAA", "v1a,AAAA", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=", "v2,x  v2,x", "v2,x "}) {
    EXPECT_EQ(code_of({kId, "1614265330", signature}), "signature_headers") << signature;
  }
}

// TRAPS "Signing": with dots allowed in ids one signature would verify for another (id, timestamp, body).
TEST(Webhooks, DotShiftIsImpossible) {
  const HmacKey key = spec_key();
  const std::string signature = sign(key, "a", 5, "1614265330.body");
  EXPECT_EQ(code_of({"a.5", "1614265330", signature}, "body"), "signature_headers");
}

TEST(Webhooks, OneOfSeveralSignaturesIsEnoughAndOtherVersionsAreSkipped) {
  const std::string wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const std::string good = kSignature;
  EXPECT_EQ(code_of({kId, "1614265330", wrong + " v2,whatever v9000,## " + good}), "ok");
  std::string seven;
  for (int i = 0; i < 7; ++i) seven += wrong + " ";
  EXPECT_EQ(code_of({kId, "1614265330", seven + good}), "ok");
  EXPECT_EQ(code_of({kId, "1614265330", seven + wrong + " " + good}), "signature_headers");
  EXPECT_EQ(code_of({kId, "1614265330", "v2,whatever"}), "signature");
}

TEST(Webhooks, SeveralActiveKeysAndAlgorithms) {
  const HmacKey first{"first"};
  const HmacKey second = spec_key();
  const Ed25519SecretKey secret = Ed25519SecretKey::random();
  const Ed25519PublicKey third = secret.public_key();
  const VerifyKey keys[] = {{.hmac = &first}, {.hmac = &second}, {.ed25519 = &third}};
  EXPECT_EQ(verify({kId, "1614265330", kSignature}, kBody, keys, kNow)->key_index(), 1u);
  const std::string v1a = sign(secret, kId, kTimeS, kBody);
  EXPECT_EQ(v1a.substr(0, 4), "v1a,");
  EXPECT_EQ(verify({kId, "1614265330", v1a}, kBody, keys, kNow)->key_index(), 2u);
  EXPECT_EQ(verify({kId, "1614265330", v1a}, "x", keys, kNow).error().code, "signature");
  EXPECT_EQ(verify({kId, "1614265330", v1a}, kBody, std::span(keys).first(2), kNow).error().code,
            "signature");
}

TEST(Webhooks, AnUnknownKeySaysTheSameAsAWrongSignature) {
  const HmacKey other{"other"};
  const VerifyKey keys[] = {{.hmac = &other}};
  const auto wrong = verify({kId, "1614265330", kSignature}, kBody, keys, kNow);
  const auto unknown = verify({kId, "1614265330", kSignature}, kBody, {}, kNow);
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, wrong.error().code);
  EXPECT_EQ(unknown.error().message, wrong.error().message);
}

TEST(Webhooks, SecretsInTextForm) {
  const Secret secret = random_signing_secret();
  EXPECT_EQ(parse_signing_secret(format_signing_secret(secret).reveal()).value().reveal(), secret.reveal());
  for (const char* text : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                           "whsec_c2hvcnQ=", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS"}) {
    const auto parsed = parse_signing_secret(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "secret");
  }
  const Ed25519SecretKey key = Ed25519SecretKey::random();
  EXPECT_EQ(parse_ed25519_secret(format_ed25519_secret(key).reveal())->public_key().bytes(),
            key.public_key().bytes());
  const std::string pair = std::string(key.seed().reveal()) + key.public_key().bytes();
  EXPECT_TRUE(parse_ed25519_secret("whsk_" + base64_encode(pair)).ok());
  // Flipped, not replaced: one key in 256 ends in whatever byte would be written over its last.
  std::string other_public = pair;
  other_public.back() = static_cast<char>(other_public.back() ^ 1);
  EXPECT_FALSE(parse_ed25519_secret("whsk_" + base64_encode(other_public)).ok());
}

}  // namespace
}  // namespace plumbline::crypto
