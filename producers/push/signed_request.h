// A request body as the edge takes it: signed when it is sent, for a timestamp from before a wait would be
// stale. Thread-safe.
#pragma once
#include <string>
#include <string_view>
#include <variant>

#include "core/compress/compress.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/hmac.h"
#include "core/result.h"
#include "core/time.h"
#include "producers/push/credentials.h"
#include "producers/push/transport.h"

namespace plumbline::push {

using SigningKey = std::variant<crypto::HmacKey, crypto::Ed25519SecretKey>;

// Of whsec_... or whsk_... text. Poison otherwise; the message never holds the text.
[[nodiscard]] Result<SigningKey> signing_key(const Secret& text);

// An id for one body: its resends have the same.
[[nodiscard]] std::string random_message_id();

// POST of a compressed NDJSON body; `body` must outlive the request.
[[nodiscard]] Request signed_request(const Credentials& credentials, const SigningKey& key, bool report,
                                     compress::Encoding encoding, const std::string& id,
                                     std::string_view body, TimeUs now);

}  // namespace plumbline::push
