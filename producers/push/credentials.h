// Where the edge is and who signs: flags before environment before the credentials file.
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/secret.h"

namespace plumbline::push {

struct Credentials {
  std::string endpoint;  // http(s)://host[:port]
  std::string key_id;
  Secret secret;  // whsec_... (HMAC) or whsk_... (Ed25519)
  std::string ca_file;
};

// What the command line said; empty: nothing.
struct CredentialFlags {
  std::string endpoint, key_id, secret_file, ca_file;
};

using Environment = std::function<std::optional<std::string>(const char* name)>;

// Environment: PLUMBLINE_ENDPOINT, PLUMBLINE_KEY_ID, PLUMBLINE_SECRET or PLUMBLINE_SECRET_FILE,
// PLUMBLINE_CA_FILE. File: $XDG_CONFIG_HOME/plumbline/credentials or ~/.config/plumbline/credentials, lines
// of `endpoint = ...`, `key_id = ...`, `secret = ...`, `ca_file = ...`; others than its owner must not be
// able to read it. Fatal "credentials" names what is missing.
[[nodiscard]] Result<Credentials> find_credentials(const CredentialFlags& flags,
                                                   const Environment& environment);

// $XDG_<kind>_HOME/plumbline, or under the home folder; empty when neither is known.
[[nodiscard]] std::filesystem::path config_folder(const Environment& environment);
[[nodiscard]] std::filesystem::path state_folder(const Environment& environment);

}  // namespace plumbline::push
