// Standard Webhooks 1.0 signatures (standardwebhooks.com, spec/standard-webhooks.md): `v1` is HMAC-SHA256,
// `v1a` is Ed25519, both over "{id}.{timestamp}.{body}" with the header bytes as they came. Stricter than the
// specification where it leaves room: docs/signatures.md lists each. Thread-safe.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/hmac.h"
#include "core/result.h"
#include "core/secret.h"

namespace plumbline::crypto {

inline constexpr std::string_view kWebhookIdHeader = "webhook-id";
inline constexpr std::string_view kWebhookTimestampHeader = "webhook-timestamp";
inline constexpr std::string_view kWebhookSignatureHeader = "webhook-signature";
inline constexpr std::string_view kPlumblineKeyHeader = "plumbline-key";

// Values of the three headers as they came. A repeated header is the HTTP layer's to refuse.
struct SignatureHeaders {
  std::string_view id;
  std::string_view timestamp;  // ASCII digits, seconds since the Unix epoch
  std::string_view signature;  // "v1,<base64>", up to 8 of them separated by single spaces
};

// One key that may have signed; exactly one of the two is set. Borrowed.
struct VerifyKey {
  const HmacKey* hmac = nullptr;
  const Ed25519PublicKey* ed25519 = nullptr;
};

// Proof that one of the keys signed this id, timestamp and body within the tolerance. Only verify() makes
// one.
class VerifiedSignature {
 public:
  [[nodiscard]] std::size_t key_index() const { return key_index_; }  // into the span given to verify
  [[nodiscard]] std::int64_t timestamp_s() const { return timestamp_s_; }

 private:
  friend Result<VerifiedSignature> verify(const SignatureHeaders&, std::string_view,
                                          std::span<const VerifyKey>, TimeUs);
  VerifiedSignature(std::size_t key_index, std::int64_t timestamp_s)
      : key_index_(key_index), timestamp_s_(timestamp_s) {}
  std::size_t key_index_;
  std::int64_t timestamp_s_;
};

// Poison, in this order: "signature_headers" (one is missing or malformed; says which), "signature_time"
// (more than 300 s off `now`, either way), "signature" (nothing matched). None of them depends on whether a
// key is known: with no keys the same work is done with a key that nobody has, and the answer is the same
// "signature".
[[nodiscard]] Result<VerifiedSignature> verify(const SignatureHeaders& headers, std::string_view body,
                                               std::span<const VerifyKey> keys, TimeUs now);

// One "v1,<base64>" or "v1a,<base64>". Precondition: id is [A-Za-z0-9_-]{1,256}.
[[nodiscard]] std::string sign(const HmacKey& key, std::string_view id, std::int64_t timestamp_s,
                               std::string_view body);
[[nodiscard]] std::string sign(const Ed25519SecretKey& key, std::string_view id, std::int64_t timestamp_s,
                               std::string_view body);

// Signing secrets in text form: "whsec_" and the standard base64 of 24 to 64 bytes. Poison "secret"
// otherwise; the message never holds the text.
[[nodiscard]] Result<Secret> parse_signing_secret(std::string_view text);
[[nodiscard]] Secret format_signing_secret(const Secret& bytes);
// 32 random bytes.
[[nodiscard]] Secret random_signing_secret();
// Ed25519 signing keys: "whsk_" and the base64 of the 32-byte seed (or of seed and public key, 64 bytes).
[[nodiscard]] Result<Ed25519SecretKey> parse_ed25519_secret(std::string_view text);
[[nodiscard]] Secret format_ed25519_secret(const Ed25519SecretKey& key);

}  // namespace plumbline::crypto
