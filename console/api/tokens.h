// Access tokens (JWT, HS256, typ at+jwt), CSRF values and random tokens. The signing keys are made from the
// master key, one for each purpose; a master key that was replaced goes on verifying as long as it stands in
// keys.master_key_file. Thread-safe.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/crypto/hmac.h"
#include "core/secret.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::console {

struct AccessClaims {
  Uuid user;
  Uuid session;
  TimeUs expires_at;
};

class Tokens {
 public:
  // `issuer`: the console's public URL. Precondition: `master_keys` holds one at least.
  Tokens(const Secret& master_keys, std::string issuer, std::chrono::milliseconds ttl, const Clock& clock);

  [[nodiscard]] std::string make_access(const Uuid& user, const Uuid& session) const;
  // nullopt for anything but a token that this made and that has not expired: another algorithm, type, key,
  // issuer or audience, or a byte changed.
  [[nodiscard]] std::optional<AccessClaims> verify_access(std::string_view token) const;
  [[nodiscard]] std::chrono::seconds ttl() const { return ttl_; }

  // Bound to the session, so that it stays the same through refreshes.
  [[nodiscard]] std::string csrf(const Uuid& session) const;
  [[nodiscard]] bool is_csrf(const Uuid& session, std::string_view value) const;

 private:
  struct Key {
    std::string header;  // base64url, with the key's id: what a token must start with
    crypto::HmacKey access;
    crypto::HmacKey csrf;
  };
  std::vector<Key> keys_;  // newest first
  std::string issuer_;
  std::chrono::seconds ttl_;
  const Clock& clock_;
};

// 32 random bytes as base64url, and what is kept of a token: its SHA-256 as PostgreSQL's bytea text.
[[nodiscard]] std::string random_token();
[[nodiscard]] std::string hash_of_token(std::string_view token);
// PKCE (RFC 7636), S256.
[[nodiscard]] std::string challenge_of(std::string_view verifier);

}  // namespace plumbline::console
