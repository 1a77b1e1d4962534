// Who signs now. The files that the key came from are looked at before each request: a key that was rotated
// there (`plumb auth login`, a secret that another program renews) is used from the next batch on, without a
// restart. Not thread-safe: the sender's.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"
#include "producers/push/credentials.h"
#include "producers/push/signed_request.h"

namespace plumbline::agent {

// How to find the credentials again, and the files that they may have come from.
struct KeySource {
  std::vector<std::filesystem::path> files;
  std::function<Result<push::Credentials>()> find;  // none: the key stays
};

class Signer {
 public:
  Signer(push::Credentials credentials, push::SigningKey key, KeySource source);

  // Takes the new key when a file changed. Of files that are missing or wrong the key before them stays in
  // use; the message names them until they are right.
  void refresh();

  [[nodiscard]] const push::Credentials& credentials() const { return credentials_; }
  [[nodiscard]] const push::SigningKey& key() const { return key_; }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  struct Facts {
    std::uint64_t inode = 0;  // 0: there is none
    std::int64_t size = 0, modified_ns = 0;
    bool operator==(const Facts&) const = default;
  };
  [[nodiscard]] std::vector<Facts> look() const;

  push::Credentials credentials_;
  push::SigningKey key_;
  const KeySource source_;
  std::vector<Facts> seen_;
  std::string error_;
};

}  // namespace plumbline::agent
