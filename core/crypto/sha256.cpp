#include "core/crypto/sha256.h"

// The low-level functions: OpenSSL 3.0 deprecates them, but its EVP contexts can't be copied as cheaply as a
// struct, and a copy of a state is what makes a prepared HMAC key fast (hmac_bench.cpp has the figures).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace plumbline::crypto {
namespace {

static_assert(sizeof(SHA256_CTX) == 112 && alignof(SHA256_CTX) <= 8);

SHA256_CTX* context(std::array<std::uint8_t, 112>& state) {
  return static_cast<SHA256_CTX*>(static_cast<void*>(state.data()));
}

}  // namespace

Sha256::Sha256() {  // NOLINT: SHA256_Init sets every byte
  SHA256_Init(context(state_));
}

void Sha256::update(std::string_view bytes) {
  SHA256_Update(context(state_), bytes.data(), bytes.size());
}

Digest256 Sha256::finish() {
  Digest256 digest;
  SHA256_Final(digest.data(), context(state_));
  return digest;
}

void Sha256::wipe() {
  OPENSSL_cleanse(state_.data(), state_.size());
}

Digest256 sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

}  // namespace plumbline::crypto
