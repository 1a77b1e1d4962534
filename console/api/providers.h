// Identity providers: any OpenID Connect issuer, Google as one, GitHub with its own API. Code flow with PKCE.
// Thread-safe; calls wait for the provider, so they run on the outgoing lane.
#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/api/people.h"
#include "core/clock.h"
#include "core/codec/json_value.h"
#include "core/config/config.h"
#include "core/result.h"

namespace plumbline::console {

struct Provider {
  std::string id;      // oidc, google, github
  std::string name;    // for people
  std::string issuer;  // empty: GitHub
  const config::OAuthClient* client = nullptr;
};

// What a sign-in on its way must bring back.
struct Flow {
  std::string state;
  std::string nonce;
  std::string verifier;
};

class Providers {
 public:
  // `config` outlives it.
  Providers(const config::Console& config, const Clock& clock);

  [[nodiscard]] const std::vector<Provider>& all() const { return all_; }
  [[nodiscard]] const Provider* find(std::string_view id) const;

  // Where to send the browser. Errors: retryable "provider" when it can't be reached or makes no sense.
  [[nodiscard]] Result<std::string> authorization_url(const Provider& provider, const Flow& flow,
                                                      const std::string& redirect_uri);
  // Who came back with `code`. Poison "id_token" or "provider": refused.
  [[nodiscard]] Result<Identity> identity(const Provider& provider, const Flow& flow, const std::string& code,
                                          const std::string& redirect_uri);

 private:
  struct Discovered {
    std::string authorization, token, keys_uri;
    bool basic = true;  // how the client's secret is sent
    std::chrono::steady_clock::time_point since;
    std::optional<codec::JsonValue> keys;
    std::chrono::steady_clock::time_point keys_since;
  };

  Result<Discovered> discover(const Provider& provider);
  Result<codec::JsonValue> keys_of(const Provider& provider, const Discovered& found, bool again);
  Result<Identity> of_openid(const Provider& provider, const Flow& flow, const std::string& code,
                             const std::string& redirect_uri);
  Result<Identity> of_github(const Provider& provider, const Flow& flow, const std::string& code,
                             const std::string& redirect_uri);

  const config::Console& config_;
  const Clock& clock_;
  std::vector<Provider> all_;
  std::mutex mutex_;
  std::map<std::string, Discovered> discovered_;  // one for each provider
};

}  // namespace plumbline::console
