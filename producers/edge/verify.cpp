#include "producers/edge/verify.h"

#include <span>
#include <string>
#include <utility>

namespace plumbline::edge {

Result<VerifiedBody> VerifiedBody::verify(UnverifiedBody body, const SignedHeaders& headers,
                                          const keys::KeyEntry* signer, TimeUs now) {
  crypto::VerifyKey key;
  std::span<const crypto::VerifyKey> keys;
  if (signer != nullptr && signer->usable(now)) {
    key = signer->verify_key();
    keys = {&key, 1};
  }
  const auto verified = crypto::verify(headers.signature, body.view(), keys, now);
  if (!verified) return verified.error();
  return VerifiedBody(*body.bytes_, *signer, headers.key_id);
}

Result<SignedHeaders> signed_headers(const http::RequestHead& head) {
  SignedHeaders headers;
  const std::pair<std::string_view, std::string_view*> wanted[] = {
      {crypto::kWebhookIdHeader, &headers.signature.id},
      {crypto::kWebhookTimestampHeader, &headers.signature.timestamp},
      {crypto::kWebhookSignatureHeader, &headers.signature.signature},
      {crypto::kPlumblineKeyHeader, &headers.key_id},
  };
  for (std::size_t i = 0; i < head.field_count; ++i) {
    for (const auto& [name, value] : wanted) {
      if (!http::equals_ignoring_case(head.fields[i].name, name)) continue;
      if (value->data() != nullptr) return poison("repeated_header", "send " + std::string(name) + " once");
      *value = head.fields[i].value;
    }
  }
  for (const auto& [name, value] : wanted) {
    if (value->empty()) return poison("signature_headers", "send the header " + std::string(name));
  }
  return headers;
}

}  // namespace plumbline::edge
