// Bearer tokens: "<key id>.plb_<43 URL-safe characters>", the second part 256 random bits. They stand in an
// Authorization header (RFC 6750) where a client can't sign. Whoever checks them keeps their SHA-256 only: of
// 256 random bits it says nothing, so no slow hash is needed. Thread-safe.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/crypto/sha256.h"
#include "core/secret.h"

namespace plumbline::crypto {

inline constexpr std::string_view kBearerPrefix = "plb_";  // what secret scanners look for

[[nodiscard]] Secret random_bearer_token(std::string_view key_id);
// The key id of a token, and nullopt of what is none.
[[nodiscard]] std::optional<std::string_view> key_id_of_bearer(std::string_view token);
[[nodiscard]] Digest256 bearer_hash(std::string_view token);
// In time that depends on the token's length alone. Without a hash to compare with (no such key) the same
// work is done and the answer is false.
[[nodiscard]] bool bearer_matches(std::string_view token, const Digest256* hash);

}  // namespace plumbline::crypto
