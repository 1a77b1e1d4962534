// Sealed values: authenticated encryption of small secrets at rest and on the log. XChaCha20-Poly1305 with a
// random data key for each value, wrapped by a master key, so that a master key can be replaced without
// reading the values themselves.
//
//   1 byte version (1) | 8 bytes master key id | 24 nonce | 48 wrapped data key | 24 nonce | ciphertext
//   (plaintext + 16)
//
// The id is the first 8 bytes of SHA-256 of the master key. Both encryptions authenticate the same context
// (who the value belongs to) after the version and the id, so a value moved to another row, or given another
// header, does not open. Thread-safe: a Sealer is only read.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/secret.h"

namespace plumbline::crypto {

class Sealer {
 public:
  // Master keys, standard base64 of 32 bytes each, separated by white space or commas: the first seals, all
  // of them open. To replace a master key, put the new one in front, reseal what there is, then drop the old
  // one. Fatal "master_key".
  [[nodiscard]] static Result<Sealer> from_text(const Secret& text);

  // Precondition: made by from_text.
  [[nodiscard]] std::string seal(const Secret& plain, std::string_view context) const;
  // Fatal "master_key" naming both ids when another master key sealed it; poison "sealed" for anything
  // altered.
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view context) const;
  // Wraps the data key anew under the first master key; the value's ciphertext stays as it is.
  [[nodiscard]] Result<std::string> reseal(std::string_view sealed, std::string_view context) const;

  // Hexadecimal ids: of the key that seals now, and of the key that sealed a value ("" when it is too short
  // to say).
  [[nodiscard]] std::string key_id() const;
  [[nodiscard]] static std::string key_id_of(std::string_view sealed);

 private:
  struct Master {
    std::string id;
    Secret key;
  };
  [[nodiscard]] std::string wrap(std::string_view data_key, std::string_view context) const;
  [[nodiscard]] Result<Secret> unwrap(std::string_view sealed, std::string_view context) const;

  std::vector<Master> masters_;
};

// A new master key in the text form that from_text reads.
[[nodiscard]] Secret random_master_key();

// "tenant|table|column|row", the context of a sealed column. Precondition: no part holds '|'.
[[nodiscard]] std::string seal_context(std::string_view tenant, std::string_view table,
                                       std::string_view column, std::string_view row);

}  // namespace plumbline::crypto
