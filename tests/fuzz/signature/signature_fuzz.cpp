// Any headers and body: what verify takes was signed by the key, for that very id, time and body.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/crypto/webhooks.h"

namespace {

using namespace plumbline;

void check(bool holds) {
  if (!holds) std::abort();
}

std::string_view take(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const crypto::HmacKey key{std::string_view("0123456789abcdef0123456789abcdef")};
  constexpr std::int64_t kNowS = 1'700'000'000;
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string id(take(rest));
  std::string timestamp(take(rest)), signature(take(rest));
  const std::string body(rest);
  (void)crypto::parse_signing_secret(signature).ok();
  (void)crypto::parse_ed25519_secret(signature).ok();
  const bool plain_id =
      !id.empty() && id.size() <= 256 &&
      id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
          std::string::npos;
  // The right signature among the others, whole or with one bit turned.
  std::string right;
  if (plain_id) {
    timestamp = std::to_string(kNowS + static_cast<std::int8_t>(data[0]));
    right = crypto::sign(key, id, kNowS + static_cast<std::int8_t>(data[0]), body);
    std::string put = right;
    if (data[1] != 0) {
      put[data[1] % put.size()] = static_cast<char>(put[data[1] % put.size()] ^ (1 << (data[1] % 7)));
    }
    signature += signature.empty() ? put : " " + put;
  }
  const crypto::VerifyKey keys[] = {{.hmac = &key}};
  const auto verified = crypto::verify({id, timestamp, signature}, body, keys, TimeUs{kNowS * 1'000'000});
  if (plain_id && data[1] == 0 && signature == right) check(verified.ok());
  if (!verified) return 0;
  check(plain_id && verified->key_index() == 0);
  const std::string signed_by_us = crypto::sign(key, id, verified->timestamp_s(), body);
  check((" " + signature + " ").find(" " + signed_by_us + " ") != std::string::npos);
  check(timestamp == std::to_string(verified->timestamp_s()));
  return 0;
}
