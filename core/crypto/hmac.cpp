#include "core/crypto/hmac.h"

#include <algorithm>

#include <openssl/crypto.h>

namespace plumbline::crypto {

HmacKey::HmacKey(std::string_view key) {
  constexpr std::size_t kBlockBytes = 64;
  std::array<std::uint8_t, kBlockBytes> pad{};
  if (key.size() > kBlockBytes) {
    Digest256 digest = sha256(key);
    std::copy(digest.begin(), digest.end(), pad.begin());
    OPENSSL_cleanse(digest.data(), digest.size());
  } else {
    const auto bytes = as_bytes(key);
    std::copy(bytes.begin(), bytes.end(), pad.begin());
  }
  for (auto& byte : pad) byte ^= 0x36;
  inner_.update(as_chars(pad));
  for (auto& byte : pad) byte ^= 0x36 ^ 0x5c;
  outer_.update(as_chars(pad));
  OPENSSL_cleanse(pad.data(), pad.size());
}

HmacKey::~HmacKey() {
  inner_.wipe();
  outer_.wipe();
}

Digest256 HmacKey::mac(std::initializer_list<std::string_view> parts) const {
  Sha256 inner = inner_;
  for (const std::string_view part : parts) inner.update(part);
  const Digest256 digest = inner.finish();
  Sha256 outer = outer_;
  outer.update(as_chars(digest));
  return outer.finish();
}

bool constant_time_equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace plumbline::crypto
