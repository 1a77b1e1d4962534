// Base64 (RFC 4648), strict both ways: the only text that decodes to given bytes is the one that encoding
// them gives. Standard alphabet with padding, or URL-safe alphabet without. Thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plumbline::crypto {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::string base64url_encode(std::string_view bytes);

// nullopt for any other character (white space too), missing or surplus padding, or stray bits in the last
// character.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

// The same without allocation: bytes written, nullopt also when they don't fit.
[[nodiscard]] std::optional<std::size_t> base64_decode_into(std::string_view text,
                                                            std::span<std::uint8_t> out);

}  // namespace plumbline::crypto
