#include "console/api/tokens.h"

#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"
#include "core/crypto/base64.h"
#include "core/crypto/random.h"

namespace plumbline::console {
namespace {

constexpr std::string_view kAudience = "plumbline-console";
constexpr std::int64_t kSecondUs = 1'000'000;
// Consoles of several machines share keys, not clocks.
constexpr std::int64_t kClockSkewS = 60;
constexpr std::size_t kTokenBytesMax = 2048;

crypto::HmacKey derived(std::string_view master, std::string_view purpose) {
  const auto mac = crypto::HmacKey(master).mac({purpose});
  return crypto::HmacKey(crypto::as_chars(mac));
}

}  // namespace

Tokens::Tokens(const Secret& master_keys, std::string issuer, std::chrono::milliseconds ttl,
               const Clock& clock)
    : issuer_(std::move(issuer)), ttl_(std::chrono::ceil<std::chrono::seconds>(ttl)), clock_(clock) {
  constexpr std::string_view kBetween = " ,\t\r\n";
  const std::string_view text = master_keys.reveal();
  for (auto begin = text.find_first_not_of(kBetween); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kBetween, begin), text.size());
    const std::string_view master = text.substr(begin, end - begin);
    const auto id = crypto::HmacKey(master).mac({"plumbline console key id v1"});
    std::string header;
    codec::JsonWriter(header)
        .open_object()
        .member("alg", "HS256")
        .member("typ", "at+jwt")
        .member("kid", crypto::to_hex(std::span(id).first(8)))
        .close_object();
    keys_.push_back({crypto::base64url_encode(header), derived(master, "plumbline console access v1"),
                     derived(master, "plumbline console csrf v1")});
    begin = text.find_first_not_of(kBetween, end);
  }
}

std::string Tokens::make_access(const Uuid& user, const Uuid& session) const {
  const std::int64_t now_s = clock_.now().value / kSecondUs;
  std::string claims;
  codec::JsonWriter(claims)
      .open_object()
      .member("iss", issuer_)
      .member("aud", kAudience)
      .member("sub", user.to_string())
      .member("sid", session.to_string())
      .member("iat", now_s)
      .member("exp", now_s + ttl_.count())
      .close_object();
  std::string token = keys_.front().header + "." + crypto::base64url_encode(claims);
  const auto mac = keys_.front().access.mac({token});
  return token + "." + crypto::base64url_encode(crypto::as_chars(mac));
}

std::optional<AccessClaims> Tokens::verify_access(std::string_view token) const {
  const auto first = token.find('.'), last = token.rfind('.');
  if (token.size() > kTokenBytesMax || first == std::string_view::npos || first == last) return std::nullopt;
  const auto given = crypto::base64url_decode(token.substr(last + 1));
  const Key* key = nullptr;
  for (const Key& each : keys_) {
    if (token.substr(0, first) == each.header) key = &each;
  }
  if (key == nullptr || !given) return std::nullopt;
  const auto mac = key->access.mac({token.substr(0, last)});
  if (!crypto::constant_time_equal(crypto::as_bytes(*given), mac)) return std::nullopt;
  const auto text = crypto::base64url_decode(token.substr(first + 1, last - first - 1));
  const auto claims = codec::JsonValue::parse(text.value_or(""));
  if (!claims || (*claims)["iss"].text() != issuer_ || (*claims)["aud"].text() != kAudience)
    return std::nullopt;
  const auto user = Uuid::parse((*claims)["sub"].text()), session = Uuid::parse((*claims)["sid"].text());
  const auto issued = (*claims)["iat"].number(), expires = (*claims)["exp"].number();
  const double now_s = static_cast<double>(clock_.now().value / kSecondUs);
  if (!user || !session || !issued || !expires || *expires <= now_s || *issued > now_s + kClockSkewS)
    return std::nullopt;
  return AccessClaims{*user, *session, {static_cast<std::int64_t>(*expires) * kSecondUs}};
}

std::string Tokens::csrf(const Uuid& session) const {
  return crypto::base64url_encode(crypto::as_chars(keys_.front().csrf.mac({session.to_string()})));
}

bool Tokens::is_csrf(const Uuid& session, std::string_view value) const {
  const auto given = crypto::base64url_decode(value);
  if (!given) return false;
  bool good = false;
  for (const Key& key : keys_) {
    good |= crypto::constant_time_equal(crypto::as_bytes(*given), key.csrf.mac({session.to_string()}));
  }
  return good;
}

std::string random_token() {
  return crypto::base64url_encode(crypto::random_bytes(32));
}

std::string hash_of_token(std::string_view token) {
  return "\\x" + crypto::to_hex(crypto::sha256(token));
}

std::string challenge_of(std::string_view verifier) {
  return crypto::base64url_encode(crypto::as_chars(crypto::sha256(verifier)));
}

}  // namespace plumbline::console
