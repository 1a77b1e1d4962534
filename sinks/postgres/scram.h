// The SCRAM-SHA-256 verifier of a password (RFC 5802, RFC 7677) as PostgreSQL keeps it, made here so that the
// password itself never travels in a statement, where a server may log it. Pure; thread-safe.
#pragma once
#include <string>
#include <string_view>

#include "core/secret.h"

namespace plumbline::postgres {

// PostgreSQL's own count; a generated password of 192 bits needs none of it.
inline constexpr int kScramIterations = 4096;

// "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>". Precondition: the password is printable ASCII,
// so that SASLprep changes nothing; salt: 16 random bytes.
[[nodiscard]] std::string scram_verifier(const Secret& password, std::string_view salt,
                                         int iterations = kScramIterations);

}  // namespace plumbline::postgres
