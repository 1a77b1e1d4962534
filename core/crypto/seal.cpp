#include "core/crypto/seal.h"

#include <cassert>
#include <optional>

#include "core/crypto/base64.h"
#include "core/crypto/random.h"
#include "core/crypto/sha256.h"
#include "core/crypto/sodium.h"

namespace plumbline::crypto {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeaderBytes = 1 + kIdBytes;
constexpr std::size_t kWrappedBytes = kNonceBytes + kKeyBytes + kTagBytes;
constexpr std::size_t kSealedBytesMin = kHeaderBytes + kWrappedBytes + kNonceBytes + kTagBytes;
static_assert(kKeyBytes == 32 && kNonceBytes == 24 && kTagBytes == 16);

std::uint8_t* bytes_of(std::string& text) {
  return static_cast<std::uint8_t*>(static_cast<void*>(text.data()));
}

// Nonce and ciphertext.
std::string encrypt(std::string_view key, std::string_view plain, std::string_view associated) {
  const std::string nonce = random_bytes(kNonceBytes);
  std::string cipher(plain.size() + kTagBytes, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(cipher), nullptr, as_bytes(plain).data(), plain.size(),
                                             as_bytes(associated).data(), associated.size(), nullptr,
                                             as_bytes(nonce).data(), as_bytes(key).data());
  return nonce + cipher;
}

std::optional<Secret> decrypt(std::string_view key, std::string_view box, std::string_view associated) {
  const std::string_view nonce = box.substr(0, kNonceBytes);
  const std::string_view cipher = box.substr(kNonceBytes);
  std::string plain(cipher.size() - kTagBytes, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes_of(plain), nullptr, nullptr, as_bytes(cipher).data(), cipher.size(), as_bytes(associated).data(),
      associated.size(), as_bytes(nonce).data(), as_bytes(key).data());
  if (failed != 0) return std::nullopt;
  return Secret(std::move(plain));
}

std::string header_of(std::string_view id) {
  return kVersion + std::string(id);
}

Error altered() {
  return poison("sealed",
                "a sealed value was altered, cut, or belongs to another row: seal the secret again");
}

}  // namespace

Result<Sealer> Sealer::from_text(const Secret& text) {
  init_sodium();
  constexpr std::string_view kSeparators = ", \t\r\n";
  Sealer sealer;
  const std::string_view all = text.reveal();
  for (std::size_t at = all.find_first_not_of(kSeparators); at != std::string_view::npos;) {
    const std::size_t end = all.find_first_of(kSeparators, at);
    auto decoded = base64_decode(all.substr(at, end == std::string_view::npos ? end : end - at));
    if (!decoded || decoded->size() != kKeyBytes) {
      return fatal("master_key",
                   "master key " + std::to_string(sealer.masters_.size() + 1) +
                       " is not standard base64 of 32 bytes; make one with: openssl rand -base64 32");
    }
    Secret key{std::move(*decoded)};
    const Digest256 digest = sha256(key.reveal());
    sealer.masters_.push_back({std::string(as_chars(digest).substr(0, kIdBytes)), std::move(key)});
    at = end == std::string_view::npos ? end : all.find_first_not_of(kSeparators, end);
  }
  if (sealer.masters_.empty()) {
    return fatal("master_key",
                 "no master key is given: make one with `openssl rand -base64 32` and name its file in "
                 "keys.master_key_file");
  }
  return sealer;
}

std::string Sealer::wrap(std::string_view data_key, std::string_view context) const {
  const Master& master = masters_.front();
  const std::string header = header_of(master.id);
  return header + encrypt(master.key.reveal(), data_key, header + std::string(context));
}

Result<Secret> Sealer::unwrap(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kSealedBytesMin) return altered();
  if (sealed.front() != kVersion) {
    return fatal("sealed_version", "a sealed value has version " +
                                       std::to_string(static_cast<unsigned char>(sealed.front())) +
                                       ", this program reads version 1: upgrade it");
  }
  const std::string_view id = sealed.substr(1, kIdBytes);
  for (const Master& master : masters_) {
    if (master.id != id) continue;
    const std::string associated = header_of(id) + std::string(context);
    auto data_key = decrypt(master.key.reveal(), sealed.substr(kHeaderBytes, kWrappedBytes), associated);
    if (!data_key) return altered();
    return std::move(*data_key);
  }
  return fatal("master_key", "a value is sealed with master key " + key_id_of(sealed) +
                                 ", and the newest known here is " + key_id() +
                                 ": add the other one to keys.master_key_file");
}

std::string Sealer::seal(const Secret& plain, std::string_view context) const {
  assert(!masters_.empty());
  const Secret data_key{random_bytes(kKeyBytes)};
  const std::string wrapped = wrap(data_key.reveal(), context);
  return wrapped + encrypt(data_key.reveal(), plain.reveal(), context);
}

Result<Secret> Sealer::open(std::string_view sealed, std::string_view context) const {
  auto data_key = unwrap(sealed, context);
  if (!data_key) return data_key.error();
  auto plain = decrypt(data_key->reveal(), sealed.substr(kHeaderBytes + kWrappedBytes), context);
  if (!plain) return altered();
  return std::move(*plain);
}

Result<std::string> Sealer::reseal(std::string_view sealed, std::string_view context) const {
  auto plain = open(sealed, context);  // never carry an altered value over to a new key
  if (!plain) return plain.error();
  auto data_key = unwrap(sealed, context);
  if (!data_key) return data_key.error();
  return wrap(data_key->reveal(), context) + std::string(sealed.substr(kHeaderBytes + kWrappedBytes));
}

std::string Sealer::key_id() const {
  return masters_.empty() ? "" : to_hex(as_bytes(masters_.front().id));
}

std::string Sealer::key_id_of(std::string_view sealed) {
  return sealed.size() < kHeaderBytes ? "" : to_hex(as_bytes(sealed.substr(1, kIdBytes)));
}

Secret random_master_key() {
  const Secret bytes{random_bytes(kKeyBytes)};
  return Secret(base64_encode(bytes.reveal()));
}

std::string seal_context(std::string_view tenant, std::string_view table, std::string_view column,
                         std::string_view row) {
  std::string context;
  context.append(tenant).append("|").append(table).append("|").append(column).append("|").append(row);
  return context;
}

}  // namespace plumbline::crypto
