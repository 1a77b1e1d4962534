#include "core/crypto/public_key.h"

#include <memory>
#include <string>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "core/crypto/sha256.h"

namespace plumbline::crypto {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* each) const {
    Free(each);
  }
};
using Bignum = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

constexpr std::size_t kCoordinateBytes = 32;

Bignum number_of(std::string_view bytes) {
  return Bignum(BN_bin2bn(as_bytes(bytes).data(), static_cast<int>(bytes.size()), nullptr));
}

Key key_of(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return Key(made);
}

bool verify(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const Digest digest(EVP_MD_CTX_new());
  return key != nullptr && digest &&
         EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(digest.get(), as_bytes(signature).data(), signature.size(),
                          as_bytes(message).data(), message.size()) == 1;
}

}  // namespace

bool verify_rs256(std::string_view modulus, std::string_view exponent, std::string_view message,
                  std::string_view signature) {
  while (!modulus.empty() && modulus.front() == '\0') modulus.remove_prefix(1);
  if (modulus.size() < 256 || modulus.size() > 1024 || exponent.empty() || exponent.size() > 8) return false;
  const Bignum n = number_of(modulus), e = number_of(exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return false;
  }
  const Key key = key_of("RSA", builder.get());
  return verify(key.get(), message, signature);
}

bool verify_es256(std::string_view x, std::string_view y, std::string_view message,
                  std::string_view signature) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes ||
      signature.size() != 2 * kCoordinateBytes) {
    return false;
  }
  std::string point("\x04");  // uncompressed
  point.append(x).append(y);
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return false;
  }
  const Key key = key_of("EC", builder.get());
  // OpenSSL reads the DER form; JWS has the bare numbers.
  const std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  Bignum r = number_of(signature.substr(0, kCoordinateBytes)),
         s = number_of(signature.substr(kCoordinateBytes));
  if (!key || !pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
  r.release();  // NOLINT: set0 took both
  s.release();  // NOLINT
  unsigned char der[2 * kCoordinateBytes + 16];
  unsigned char* end = der;
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > sizeof der || i2d_ECDSA_SIG(pair.get(), &end) != size)
    return false;
  return verify(key.get(), message, as_chars({der, static_cast<std::size_t>(size)}));
}

}  // namespace plumbline::crypto
