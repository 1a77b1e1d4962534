// From bytes that anybody may have sent to bytes that a tenant's key has signed. Only verify() makes a
// VerifiedBody, and only a VerifiedBody is decompressed, split, decoded or counted. Pure.
#pragma once
#include <string_view>

#include "core/crypto/webhooks.h"
#include "core/http/request_head.h"
#include "core/keys/key_state.h"
#include "core/padded_buffer.h"
#include "core/result.h"

namespace plumbline::edge {

// The headers a signature needs, as they came.
struct SignedHeaders {
  crypto::SignatureHeaders signature;
  std::string_view key_id;
};

class UnverifiedBody {
 public:
  explicit UnverifiedBody(PaddedBuffer& bytes) : bytes_(&bytes) {}
  [[nodiscard]] std::string_view view() const { return bytes_->view(); }

 private:
  friend class VerifiedBody;
  PaddedBuffer* bytes_;
};

// Signed bytes (still compressed, if they were sent so) and who signed them. Borrows the request's buffer and
// the key's entry.
class VerifiedBody {
 public:
  // Poison "signature_headers", "signature_time" or "signature", as crypto::verify; `signer` null or not
  // usable now: an unknown, revoked or expired key, which costs and says the same as a wrong signature.
  static Result<VerifiedBody> verify(UnverifiedBody body, const SignedHeaders& headers,
                                     const keys::KeyEntry* signer, TimeUs now);

  [[nodiscard]] PaddedBuffer& bytes() const { return *bytes_; }
  [[nodiscard]] const keys::KeyEntry& signer() const { return *signer_; }
  [[nodiscard]] std::string_view key_id() const { return key_id_; }

 private:
  VerifiedBody(PaddedBuffer& bytes, const keys::KeyEntry& signer, std::string_view key_id)
      : bytes_(&bytes), signer_(&signer), key_id_(key_id) {}
  PaddedBuffer* bytes_;
  const keys::KeyEntry* signer_;
  std::string_view key_id_;
};

// Poison "repeated_header" when one of the four is there twice, "signature_headers" when one is missing.
Result<SignedHeaders> signed_headers(const http::RequestHead& head);

}  // namespace plumbline::edge
