#include "core/crypto/random.h"

#include "core/crypto/base64.h"
#include "core/crypto/sodium.h"

namespace plumbline::crypto {

std::string random_bytes(std::size_t count) {
  init_sodium();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

std::string random_key_id() {
  return "key_" + base64url_encode(random_bytes(16));
}

}  // namespace plumbline::crypto
