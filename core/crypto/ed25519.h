// Ed25519 (RFC 8032). Values; thread-safe. One message is one contiguous text: the algorithm reads it twice.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/secret.h"

namespace plumbline::crypto {

class Ed25519PublicKey {
 public:
  // 32 bytes; nullopt for another length.
  [[nodiscard]] static std::optional<Ed25519PublicKey> from_bytes(std::string_view bytes);
  // False for a wrong signature, one of another length than 64, a small-order key and a non-canonical
  // encoding.
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;
  [[nodiscard]] std::string bytes() const;

 private:
  std::array<std::uint8_t, 32> key_{};
};

class Ed25519SecretKey {
 public:
  // The 32-byte seed of RFC 8032; nullopt for another length.
  [[nodiscard]] static std::optional<Ed25519SecretKey> from_seed(const Secret& seed);
  [[nodiscard]] static Ed25519SecretKey random();
  [[nodiscard]] std::string sign(std::string_view message) const;  // 64 bytes
  [[nodiscard]] Ed25519PublicKey public_key() const;
  [[nodiscard]] Secret seed() const;

 private:
  Secret key_;  // seed and public key, 64 bytes
};

}  // namespace plumbline::crypto
