#include "sinks/postgres/scram.h"

#include "core/crypto/base64.h"
#include "core/crypto/hmac.h"
#include "core/crypto/sha256.h"

namespace plumbline::postgres {
namespace {

// Hi() of RFC 5802: PBKDF2 with one block.
crypto::Digest256 salted(const Secret& password, std::string_view salt, int iterations) {
  const crypto::HmacKey key(password.reveal());
  crypto::Digest256 step = key.mac({salt, std::string_view("\0\0\0\1", 4)});
  crypto::Digest256 sum = step;
  for (int i = 1; i < iterations; ++i) {
    step = key.mac({crypto::as_chars(step)});
    for (std::size_t b = 0; b < sum.size(); ++b) sum[b] = static_cast<std::uint8_t>(sum[b] ^ step[b]);
  }
  return sum;
}

}  // namespace

std::string scram_verifier(const Secret& password, std::string_view salt, int iterations) {
  const crypto::Digest256 base = salted(password, salt, iterations);
  const crypto::HmacKey key(crypto::as_chars(base));
  const crypto::Digest256 stored = crypto::sha256(crypto::as_chars(key.mac({"Client Key"})));
  const crypto::Digest256 server = key.mac({"Server Key"});
  return "SCRAM-SHA-256$" + std::to_string(iterations) + ":" + crypto::base64_encode(salt) + "$" +
         crypto::base64_encode(crypto::as_chars(stored)) + ":" +
         crypto::base64_encode(crypto::as_chars(server));
}

}  // namespace plumbline::postgres
