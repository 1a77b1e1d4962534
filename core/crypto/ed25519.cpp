#include "core/crypto/ed25519.h"

#include <algorithm>

#include "core/crypto/random.h"
#include "core/crypto/sha256.h"
#include "core/crypto/sodium.h"

namespace plumbline::crypto {
namespace {

std::uint8_t* bytes_of(std::string& text) {
  return static_cast<std::uint8_t*>(static_cast<void*>(text.data()));
}

}  // namespace

std::optional<Ed25519PublicKey> Ed25519PublicKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != crypto_sign_PUBLICKEYBYTES) return std::nullopt;
  init_sodium();
  Ed25519PublicKey key;
  const auto in = as_bytes(bytes);
  std::copy(in.begin(), in.end(), key.key_.begin());
  return key;
}

bool Ed25519PublicKey::verify(std::string_view message, std::string_view signature) const {
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(as_bytes(signature).data(), as_bytes(message).data(), message.size(),
                                     key_.data()) == 0;
}

std::string Ed25519PublicKey::bytes() const {
  return std::string(as_chars(key_));
}

std::optional<Ed25519SecretKey> Ed25519SecretKey::from_seed(const Secret& seed) {
  if (seed.reveal().size() != crypto_sign_SEEDBYTES) return std::nullopt;
  init_sodium();
  std::string pair(crypto_sign_SECRETKEYBYTES, '\0');
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> ignored;
  crypto_sign_seed_keypair(ignored.data(), bytes_of(pair), as_bytes(seed.reveal()).data());
  Ed25519SecretKey key;
  key.key_ = Secret(std::move(pair));
  return key;
}

Ed25519SecretKey Ed25519SecretKey::random() {
  return *from_seed(Secret(random_bytes(crypto_sign_SEEDBYTES)));
}

std::string Ed25519SecretKey::sign(std::string_view message) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(bytes_of(signature), nullptr, as_bytes(message).data(), message.size(),
                       as_bytes(key_.reveal()).data());
  return signature;
}

Ed25519PublicKey Ed25519SecretKey::public_key() const {
  return *Ed25519PublicKey::from_bytes(key_.reveal().substr(crypto_sign_SEEDBYTES));
}

Secret Ed25519SecretKey::seed() const {
  return Secret(std::string(key_.reveal().substr(0, crypto_sign_SEEDBYTES)));
}

}  // namespace plumbline::crypto
