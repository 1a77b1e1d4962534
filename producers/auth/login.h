// Signing in at the console, and what for: a signing key of one's own. The private part is made here and
// stays here; the console learns the public part only. Tokens live in memory, and their session is ended
// before these return. Not thread-safe.
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "core/result.h"
#include "core/secret.h"
#include "producers/auth/console.h"
#include "producers/push/profiles.h"

namespace plumbline::auth {

struct Person {
  std::function<void(const std::string&)> tell;  // one line or more
  std::function<void(const std::string&)> open;  // a browser at this address, if there is one
  std::function<void(std::chrono::milliseconds)> wait;
};

struct SignIn {
  bool device = false;  // RFC 8628, for a browser elsewhere; else a loopback redirect (RFC 8252)
  std::chrono::milliseconds patience = std::chrono::minutes(10);
};

// The access token. Poison "denied", retryable "timeout" or "console".
[[nodiscard]] Result<Secret> sign_in(Console& console, const SignIn& how, const Person& person);
[[nodiscard]] Result<Secret> sign_in_by_redirect(Console& console, const SignIn& how, const Person& person);
[[nodiscard]] Result<Secret> sign_in_by_device(Console& console, const SignIn& how, const Person& person);

struct Wanted {
  std::string tenant;    // slug or id; empty: the only one
  std::string endpoint;  // of the edge; empty: as the console says
  push::Profile before;  // what stands in the profile; its key is rotated when it came from the same tenant
  // Keeps the profile; when it fails, the key is disabled again.
  std::function<Status(const push::Profile&)> keep;
};

struct Made {
  push::Profile profile;
  std::string email, role;
  bool rotated = false;  // `before`'s key goes on for 24 hours
};

// Errors as sign_in's; poison "tenant", "role" and "endpoint" say what is missing, before any key is made.
[[nodiscard]] Result<Made> login(Console& console, const SignIn& how, const Person& person,
                                 const Wanted& wanted);

// Disables the profile's key. Precondition: it names console and tenant. True: it is disabled now; false: the
// console no longer knows it.
[[nodiscard]] Result<bool> revoke(Console& console, const SignIn& how, const Person& person,
                                  const push::Profile& profile);

}  // namespace plumbline::auth
