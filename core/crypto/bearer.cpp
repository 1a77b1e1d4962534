#include "core/crypto/bearer.h"

#include <algorithm>

#include "core/crypto/base64.h"
#include "core/crypto/hmac.h"
#include "core/crypto/random.h"

namespace plumbline::crypto {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kRandomChars = 43;  // of base64url without padding
constexpr std::size_t kKeyIdCharsMax = 64;

bool url_safe(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

Secret random_bearer_token(std::string_view key_id) {
  return Secret(std::string(key_id) + "." + std::string(kBearerPrefix) +
                base64url_encode(random_bytes(kRandomBytes)));
}

std::optional<std::string_view> key_id_of_bearer(std::string_view token) {
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > kKeyIdCharsMax) return std::nullopt;
  const std::string_view id = token.substr(0, dot), secret = token.substr(dot + 1);
  if (!secret.starts_with(kBearerPrefix) || secret.size() != kBearerPrefix.size() + kRandomChars)
    return std::nullopt;
  if (!url_safe(id) || !url_safe(secret)) return std::nullopt;
  return id;
}

Digest256 bearer_hash(std::string_view token) {
  return sha256(token);
}

bool bearer_matches(std::string_view token, const Digest256* hash) {
  constexpr Digest256 kNobodys{};  // no text is known that hashes to zeros
  const bool same = constant_time_equal(bearer_hash(token), hash != nullptr ? *hash : kNobodys);
  return same && hash != nullptr;
}

}  // namespace plumbline::crypto
