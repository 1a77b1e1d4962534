// Checks an OpenID Connect ID token (OpenID Connect Core 1.0, section 3.1.3.7) against a JSON Web Key Set.
// Pure; thread-safe.
#pragma once
#include <string>
#include <string_view>

#include "core/codec/json_value.h"
#include "core/result.h"
#include "core/time.h"

namespace plumbline::console {

struct IdTokenExpectation {
  std::string_view issuer;
  std::string_view client_id;
  std::string_view nonce;
  TimeUs now;
};

// The claims. RS256 and ES256 only, the algorithm that the named key is for. Poison "key_unknown": the set
// has no such key (it may be old); poison "id_token" naming the rule that does not hold, never a value.
[[nodiscard]] Result<codec::JsonValue> check_id_token(std::string_view token, const codec::JsonValue& keys,
                                                      const IdTokenExpectation& expected);

}  // namespace plumbline::console
