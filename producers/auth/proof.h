// What proves that the one who asked is the one who gets the answer: PKCE (RFC 7636) and state. Thread-safe.
#pragma once
#include <string>
#include <string_view>

namespace plumbline::auth {

// 32 random bytes as 43 URL-safe characters: a verifier, a state.
[[nodiscard]] std::string random_word();
// S256.
[[nodiscard]] std::string challenge_of(std::string_view verifier);
// Percent-encoding of everything but RFC 3986's unreserved characters, for queries and forms.
[[nodiscard]] std::string url_encode(std::string_view text);
// A `%` that begins no pair of hexadecimal digits stays, `+` is a space.
[[nodiscard]] std::string url_decode(std::string_view text);
// The first value of that name in "a=b&c=d"; "" when there is none.
[[nodiscard]] std::string parameter(std::string_view query, std::string_view name);

}  // namespace plumbline::auth
