#include "producers/push/signed_request.h"

#include "core/crypto/base64.h"
#include "core/crypto/random.h"
#include "core/crypto/webhooks.h"

namespace plumbline::push {

Result<SigningKey> signing_key(const Secret& text) {
  if (text.reveal().starts_with("whsk_")) {
    auto key = crypto::parse_ed25519_secret(text.reveal());
    if (!key) return key.error();
    return SigningKey(std::move(*key));
  }
  auto secret = crypto::parse_signing_secret(text.reveal());
  if (!secret) return secret.error();
  return SigningKey(crypto::HmacKey(secret->reveal()));
}

std::string random_message_id() {
  return "msg_" + crypto::base64url_encode(crypto::random_bytes(16));
}

Request signed_request(const Credentials& credentials, const SigningKey& key, bool report,
                       compress::Encoding encoding, const std::string& id, std::string_view body,
                       TimeUs now) {
  const std::int64_t now_s = now.value / 1000000;
  const std::string signature =
      std::visit([&](const auto& by) { return crypto::sign(by, id, now_s, body); }, key);
  return {credentials.endpoint + (report ? "/api/v1/reports" : "/api/v1/traces"),
          {"content-type: application/x-ndjson",
           std::string("content-encoding: ") + (encoding == compress::Encoding::kZstd ? "zstd" : "gzip"),
           "webhook-id: " + id, "webhook-timestamp: " + std::to_string(now_s),
           "webhook-signature: " + signature, "plumbline-key: " + credentials.key_id},
          body};
}

}  // namespace plumbline::push
