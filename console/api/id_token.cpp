#include "console/api/id_token.h"

#include <algorithm>

#include "core/crypto/base64.h"
#include "core/crypto/public_key.h"

namespace plumbline::console {
namespace {

using codec::JsonValue;

constexpr std::size_t kTokenBytesMax = 32 << 10;
constexpr double kClockSkewS = 60;  // of the provider's clock

Error wrong(const char* rule) {
  return poison("id_token", std::string("the provider's ID token is refused: ") + rule);
}

Result<JsonValue> part(std::string_view text) {
  const auto bytes = crypto::base64url_decode(text);
  if (!bytes) return wrong("a part is no base64url");
  auto value = JsonValue::parse(*bytes);
  if (!value || !value->is(JsonValue::Kind::kObject)) return wrong("a part is no JSON object");
  return value;
}

// For this algorithm, for signatures, and of that id; without an id the set must leave no choice.
const JsonValue* key_for(const JsonValue& keys, std::string_view algorithm, std::string_view kid) {
  const std::string_view type = algorithm == "RS256" ? "RSA" : "EC";
  const JsonValue* found = nullptr;
  for (const JsonValue& key : keys["keys"].items()) {
    if (key["kty"].text() != type || (key.has("use") && key["use"].text() != "sig")) continue;
    if (key.has("alg") && key["alg"].text() != algorithm) continue;
    if (algorithm == "ES256" && key["crv"].text() != "P-256") continue;
    if (!kid.empty() && key["kid"].text() != kid) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found;
}

bool signed_by(const JsonValue& key, std::string_view algorithm, std::string_view message,
               std::string_view signature) {
  const auto number = [&key](std::string_view name) {
    return crypto::base64url_decode(key[name].text()).value_or("");
  };
  return algorithm == "RS256" ? crypto::verify_rs256(number("n"), number("e"), message, signature)
                              : crypto::verify_es256(number("x"), number("y"), message, signature);
}

bool is_for(const JsonValue& claims, std::string_view client_id) {
  const JsonValue& audience = claims["aud"];
  if (claims.has("azp") && claims["azp"].text() != client_id) return false;
  if (audience.is(JsonValue::Kind::kText)) return audience.text() == client_id;
  const auto& all = audience.items();
  const bool named =
      std::any_of(all.begin(), all.end(), [&](const JsonValue& a) { return a.text() == client_id; });
  return named && (all.size() == 1 || claims.has("azp"));
}

}  // namespace

Result<JsonValue> check_id_token(std::string_view token, const JsonValue& keys,
                                 const IdTokenExpectation& expected) {
  const auto first = token.find('.'), last = token.rfind('.');
  if (token.size() > kTokenBytesMax || first == std::string_view::npos || first == last ||
      token.substr(first + 1, last - first - 1).find('.') != std::string_view::npos) {
    return wrong("it has not three parts");
  }
  auto header = part(token.substr(0, first));
  if (!header) return header.error();
  const std::string algorithm((*header)["alg"].text());
  if (algorithm != "RS256" && algorithm != "ES256") return wrong("its algorithm is neither RS256 nor ES256");
  if (header->has("crit")) return wrong("it has critical extensions");
  const JsonValue* key = key_for(keys, algorithm, (*header)["kid"].text());
  if (key == nullptr) return poison("key_unknown", "the provider's key set has no key for its ID token");
  const auto signature = crypto::base64url_decode(token.substr(last + 1));
  if (!signature || !signed_by(*key, algorithm, token.substr(0, last), *signature))
    return wrong("its signature is wrong");
  auto claims = part(token.substr(first + 1, last - first - 1));
  if (!claims) return claims;
  const double now_s = static_cast<double>(expected.now.value / 1'000'000);
  const auto expires = (*claims)["exp"].number(), issued = (*claims)["iat"].number();
  if ((*claims)["iss"].text() != expected.issuer) return wrong("iss is another issuer");
  if (!is_for(*claims, expected.client_id)) return wrong("aud is another client");
  if (!expires || *expires + kClockSkewS <= now_s) return wrong("exp has passed");
  if (!issued || *issued - kClockSkewS > now_s) return wrong("iat is ahead");
  if (const auto from = (*claims)["nbf"].number(); from && *from - kClockSkewS > now_s)
    return wrong("nbf is ahead");
  if (expected.nonce.empty() || (*claims)["nonce"].text() != expected.nonce) return wrong("nonce is another");
  if ((*claims)["sub"].text().empty() || (*claims)["sub"].text().size() > 255) return wrong("sub is missing");
  return claims;
}

}  // namespace plumbline::console
