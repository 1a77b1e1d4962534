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
  std::string profile = {};  // the one that was read; empty: none
};

// What the command line said; empty: nothing.
struct CredentialFlags {
  std::string endpoint, key_id, secret_file, ca_file;
  std::string profile = {};
};

using Environment = std::function<std::optional<std::string>(const char* name)>;

// Environment: PLUMBLINE_ENDPOINT, PLUMBLINE_KEY_ID, PLUMBLINE_SECRET or PLUMBLINE_SECRET_FILE,
// PLUMBLINE_CA_FILE. File: a profile of credentials_file (profiles.h): the flag's, else PLUMBLINE_PROFILE's,
// else `default`. A profile that a flag names stands for all of the environment's key: parts of two keys must
// not be mixed by accident. Fatal "credentials" names what is missing.
[[nodiscard]] Result<Credentials> find_credentials(const CredentialFlags& flags,
                                                   const Environment& environment);

// $XDG_CONFIG_HOME/plumbline/credentials or ~/.config/plumbline/credentials; empty when neither is known.
[[nodiscard]] std::filesystem::path credentials_file(const Environment& environment);
// The profile that is meant; empty: none is named, so `default`.
[[nodiscard]] std::string named_profile(const CredentialFlags& flags, const Environment& environment);

// $XDG_<kind>_HOME/plumbline, or under the home folder; empty when neither is known.
[[nodiscard]] std::filesystem::path config_folder(const Environment& environment);
[[nodiscard]] std::filesystem::path state_folder(const Environment& environment);

}  // namespace plumbline::push
