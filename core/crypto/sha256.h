// SHA-256 (FIPS 180-4). Values; no allocation. Thread-safe between objects.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plumbline::crypto {

using Digest256 = std::array<std::uint8_t, 32>;

// A running hash that can be copied: a copy goes on from the same prefix, which is what a prepared HMAC key
// is.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = default;
  Sha256& operator=(const Sha256&) = default;
  ~Sha256() = default;

  void update(std::string_view bytes);
  // Ends this hash: it may only be destroyed or assigned afterwards.
  [[nodiscard]] Digest256 finish();
  // Overwrites the state, for hashes that went over a secret.
  void wipe();

 private:
  // Room for OpenSSL's SHA256_CTX, so that its header stays in sha256.cpp (checked there).
  alignas(8) std::array<std::uint8_t, 112> state_;
};

[[nodiscard]] Digest256 sha256(std::string_view bytes);
// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] inline std::string_view as_chars(std::span<const std::uint8_t> bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}
[[nodiscard]] inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {static_cast<const std::uint8_t*>(static_cast<const void*>(text.data())), text.size()};
}

}  // namespace plumbline::crypto
