#include "consumers/notify/unsubscribe.h"
#include "core/crypto/base64.h"
#include "core/crypto/sha256.h"

namespace plumbline::notify {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kMacBytes = 32;
constexpr std::string_view kPurpose = "plumbline unsubscribe v1";

std::string_view chars_of(const Uuid& id) {
  return crypto::as_chars(id.bytes);
}

Uuid uuid_at(std::string_view bytes) {
  Uuid id;
  for (std::size_t i = 0; i < kIdBytes; ++i) id.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
  return id;
}

}  // namespace

UnsubscribeTokens::UnsubscribeTokens(const Secret& master_keys) {
  constexpr std::string_view kBetween = " ,\t\r\n";
  const std::string_view text = master_keys.reveal();
  for (auto begin = text.find_first_not_of(kBetween); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kBetween, begin), text.size());
    // A key of its own for this purpose, so that no link tells anything about what the master key seals.
    const auto derived = crypto::HmacKey(text.substr(begin, end - begin)).mac({kPurpose});
    keys_.emplace_back(crypto::as_chars(derived));
    begin = text.find_first_not_of(kBetween, end);
  }
}

std::string UnsubscribeTokens::make(TenantId tenant, const Uuid& route, std::string_view address) const {
  const auto mac = keys_.front().mac({chars_of(tenant.value), chars_of(route), address});
  std::string bytes(chars_of(tenant.value));
  bytes += chars_of(route);
  bytes += crypto::as_chars(mac);
  return crypto::base64url_encode(bytes);
}

std::optional<UnsubscribeTokens::Claim> UnsubscribeTokens::read(std::string_view token) {
  const auto bytes = crypto::base64url_decode(token);
  if (!bytes || bytes->size() != 2 * kIdBytes + kMacBytes) return std::nullopt;
  return Claim{{uuid_at(*bytes)}, uuid_at(std::string_view(*bytes).substr(kIdBytes))};
}

bool UnsubscribeTokens::verify(std::string_view token, std::string_view address) const {
  const auto claim = read(token);
  const auto bytes = crypto::base64url_decode(token);
  if (!claim || !bytes) return false;
  const auto given = crypto::as_bytes(std::string_view(*bytes).substr(2 * kIdBytes));
  bool good = false;
  for (const crypto::HmacKey& key : keys_) {
    const auto mac = key.mac({chars_of(claim->tenant.value), chars_of(claim->route), address});
    good |= crypto::constant_time_equal(given, mac);
  }
  return good;
}

}  // namespace plumbline::notify
