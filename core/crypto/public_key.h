// Signatures of other parties' public keys as JSON Web Keys give them (RFC 7518): RSA with PKCS #1 v1.5 and
// SHA-256 (RS256), ECDSA on P-256 with SHA-256 (ES256). For identity providers; Plumbline signs with neither.
// Thread-safe.
#pragma once
#include <string_view>

namespace plumbline::crypto {

// `modulus` and `exponent` big-endian; false also for a key under 2048 bits or over 8192.
[[nodiscard]] bool verify_rs256(std::string_view modulus, std::string_view exponent, std::string_view message,
                                std::string_view signature);
// `x`, `y`: 32 bytes each, big-endian; `signature`: r and s, 32 bytes each.
[[nodiscard]] bool verify_es256(std::string_view x, std::string_view y, std::string_view message,
                                std::string_view signature);

}  // namespace plumbline::crypto
