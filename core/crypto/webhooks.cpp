#include "core/crypto/webhooks.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>

#include "core/crypto/base64.h"
#include "core/crypto/random.h"
#include "core/limits.h"

namespace plumbline::crypto {
namespace {

constexpr std::size_t kIdBytesMax = 256;         // TRAPS: ids are [A-Za-z0-9_-]{1,256}
constexpr std::size_t kTimestampDigitsMax = 12;  // seconds until the year 33658
constexpr std::size_t kSecretBytesMin = 24;      // the specification's bounds for HMAC secrets
constexpr std::size_t kSecretBytesMax = 64;
constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kEd25519Prefix = "whsk_";

constexpr std::array<bool, 256> kIdBytes = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"))
    allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}();

bool is_id(std::string_view id) {
  if (id.empty() || id.size() > kIdBytesMax) return false;
  bool all = true;  // without a branch a byte: nearly every id is right
  for (const char c : id) all &= kIdBytes[static_cast<unsigned char>(c)];
  return all;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  if (text.empty() || text.size() > kTimestampDigitsMax) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// The signatures of the header that this program can check, decoded.
struct Signatures {
  std::array<Digest256, limits::kSignaturesMax> hmac;
  std::array<std::array<std::uint8_t, 64>, limits::kSignaturesMax> ed25519;
  std::size_t hmac_count = 0;
  std::size_t ed25519_count = 0;
};

Error malformed(std::string message) {
  return poison("signature_headers", std::move(message));
}

Status add_signature(std::string_view token, Signatures& found) {
  const std::size_t comma = token.find(',');
  if (comma == std::string_view::npos || comma == 0)
    return malformed("webhook-signature holds a part without a version");
  const std::string_view version = token.substr(0, comma);
  const std::string_view encoded = token.substr(comma + 1);
  if (version == "v1") {
    if (base64_decode_into(encoded, found.hmac[found.hmac_count]) != 32u) {
      return malformed("webhook-signature: v1 is not followed by the base64 of 32 bytes");
    }
    ++found.hmac_count;
  } else if (version == "v1a") {
    if (base64_decode_into(encoded, found.ed25519[found.ed25519_count]) != 64u) {
      return malformed("webhook-signature: v1a is not followed by the base64 of 64 bytes");
    }
    ++found.ed25519_count;
  }
  return ok_status();  // another version is another verifier's
}

Status split_signatures(std::string_view header, Signatures& found) {
  if (header.empty()) return malformed("webhook-signature is missing");
  for (std::size_t count = 1;; ++count) {
    if (count > limits::kSignaturesMax) return malformed("webhook-signature lists more than 8 signatures");
    const std::size_t space = header.find(' ');
    if (Status added = add_signature(header.substr(0, space), found); !added) return added;
    if (space == std::string_view::npos) return ok_status();
    header.remove_prefix(space + 1);
  }
}

const HmacKey& nobodys_hmac_key() {
  static const HmacKey key{random_bytes(32)};
  return key;
}

const Ed25519PublicKey& nobodys_ed25519_key() {
  static const Ed25519PublicKey key = Ed25519SecretKey::random().public_key();
  return key;
}

std::string joined(std::string_view id, std::string_view timestamp, std::string_view body) {
  std::string message;
  message.reserve(id.size() + timestamp.size() + body.size() + 2);
  message.append(id).append(".").append(timestamp).append(".").append(body);
  return message;
}

// Looks at every listed signature, whichever matches. Each check leaves the index of the key that matched.
void check_hmac(const HmacKey& key, std::size_t index, const Signatures& listed,
                const SignatureHeaders& headers, std::string_view body, std::optional<std::size_t>& matched) {
  const Digest256 expected = key.mac({headers.id, ".", headers.timestamp, ".", body});
  for (std::size_t i = 0; i < listed.hmac_count; ++i) {
    if (constant_time_equal(expected, listed.hmac[i])) matched = index;
  }
}

void check_ed25519(const Ed25519PublicKey& key, std::size_t index, const Signatures& listed,
                   std::string_view message, std::optional<std::size_t>& matched) {
  for (std::size_t i = 0; i < listed.ed25519_count; ++i) {
    if (key.verify(message, as_chars(listed.ed25519[i]))) matched = index;
  }
}

std::optional<std::size_t> match(const Signatures& listed, const SignatureHeaders& headers,
                                 std::string_view body, std::span<const VerifyKey> keys) {
  std::optional<std::size_t> matched;
  if (listed.hmac_count > 0) {
    bool checked = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].hmac == nullptr) continue;
      check_hmac(*keys[i].hmac, i, listed, headers, body, matched);
      checked = true;
    }
    std::optional<std::size_t> nobody;
    if (!checked) check_hmac(nobodys_hmac_key(), 0, listed, headers, body, nobody);
  }
  if (listed.ed25519_count > 0) {
    const std::string message = joined(headers.id, headers.timestamp, body);
    bool checked = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].ed25519 == nullptr) continue;
      check_ed25519(*keys[i].ed25519, i, listed, message, matched);
      checked = true;
    }
    std::optional<std::size_t> nobody;
    if (!checked) check_ed25519(nobodys_ed25519_key(), 0, listed, message, nobody);
  }
  return matched;
}

Error bad_secret(std::string_view form) {
  return poison("secret", "a signing secret is " + std::string(form));
}

}  // namespace

Result<VerifiedSignature> verify(const SignatureHeaders& headers, std::string_view body,
                                 std::span<const VerifyKey> keys, TimeUs now) {
  if (!is_id(headers.id)) return malformed("webhook-id is missing or not 1 to 256 of A-Z a-z 0-9 _ -");
  const auto timestamp_s = parse_timestamp(headers.timestamp);
  if (!timestamp_s)
    return malformed("webhook-timestamp is missing or not 1 to 12 digits (seconds since 1970)");
  Signatures listed;
  if (Status split = split_signatures(headers.signature, listed); !split) return split.error();
  const std::int64_t off_us = now.value - *timestamp_s * 1000000;
  const std::int64_t tolerance_us = std::chrono::microseconds(limits::kSignatureTolerance).count();
  if (off_us > tolerance_us || off_us < -tolerance_us) {
    return poison("signature_time",
                  "webhook-timestamp is more than 300 s off: sign when sending, and set the clock");
  }
  const auto matched = match(listed, headers, body, keys);
  if (!matched)
    return poison(
        "signature",
        "no signature matches: check plumbline-key, the secret, and that the body is sent as signed");
  return VerifiedSignature(*matched, *timestamp_s);
}

std::string sign(const HmacKey& key, std::string_view id, std::int64_t timestamp_s, std::string_view body) {
  assert(is_id(id));
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, timestamp_s).ptr;
  const std::string_view timestamp{digits, static_cast<std::size_t>(end - digits)};
  return "v1," + base64_encode(as_chars(key.mac({id, ".", timestamp, ".", body})));
}

std::string sign(const Ed25519SecretKey& key, std::string_view id, std::int64_t timestamp_s,
                 std::string_view body) {
  assert(is_id(id));
  return "v1a," + base64_encode(key.sign(joined(id, std::to_string(timestamp_s), body)));
}

Result<Secret> parse_signing_secret(std::string_view text) {
  constexpr std::string_view kForm = "whsec_ and the standard base64 of 24 to 64 bytes";
  if (!text.starts_with(kSecretPrefix)) return bad_secret(kForm);
  auto bytes = base64_decode(text.substr(kSecretPrefix.size()));
  if (!bytes) return bad_secret(kForm);
  Secret secret{std::move(*bytes)};
  if (secret.reveal().size() < kSecretBytesMin || secret.reveal().size() > kSecretBytesMax)
    return bad_secret(kForm);
  return secret;
}

Secret format_signing_secret(const Secret& bytes) {
  return Secret(std::string(kSecretPrefix) + base64_encode(bytes.reveal()));
}

Secret random_signing_secret() {
  return Secret(random_bytes(32));
}

Result<Ed25519SecretKey> parse_ed25519_secret(std::string_view text) {
  constexpr std::string_view kForm =
      "whsk_ and the standard base64 of a 32-byte seed or of seed and public key";
  if (!text.starts_with(kEd25519Prefix)) return bad_secret(kForm);
  auto decoded = base64_decode(text.substr(kEd25519Prefix.size()));
  if (!decoded) return bad_secret(kForm);
  const Secret bytes{std::move(*decoded)};
  if (bytes.reveal().size() != 32 && bytes.reveal().size() != 64) return bad_secret(kForm);
  const auto key = Ed25519SecretKey::from_seed(Secret(std::string(bytes.reveal().substr(0, 32))));
  if (bytes.reveal().size() == 64 && key->public_key().bytes() != bytes.reveal().substr(32))
    return bad_secret(kForm);
  return *key;
}

Secret format_ed25519_secret(const Ed25519SecretKey& key) {
  return Secret(std::string(kEd25519Prefix) + base64_encode(key.seed().reveal()));
}

}  // namespace plumbline::crypto
