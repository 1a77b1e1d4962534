// The console's calls that a key takes, as one who is signed in. Not thread-safe.
#pragma once
#include <string>

#include "producers/auth/console.h"
#include "producers/push/profiles.h"

namespace plumbline::auth {

struct Membership {
  std::string slug, role, email;
};

// The membership whose keys may be managed. Poison "tenant": none, or several and none chosen, or not a
// member; poison "role": it takes another role.
[[nodiscard]] Result<Membership> choose_membership(Console& console, const Secret& token,
                                                   const std::string& tenant);

// Where the tenant's clients send to; "" where the console does not know.
[[nodiscard]] Result<std::string> edge_of(Console& console, const Secret& token, const std::string& tenant);

struct NewKey {
  std::string id;
  Secret secret;  // whsk_...
  bool rotated = false;
};
// Of `before`, where that is an Ed25519 key of the same console and tenant; else a new one.
[[nodiscard]] Result<NewKey> obtain_key(Console& console, const Secret& token, const std::string& tenant,
                                        const push::Profile& before);
// False: the tenant has no such key.
[[nodiscard]] Result<bool> disable_key(Console& console, const Secret& token, const std::string& tenant,
                                       const std::string& key_id);

}  // namespace plumbline::auth
