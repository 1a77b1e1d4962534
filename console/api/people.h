// Users, memberships and the ways to become one, as rows. On a connection as plumbline_control.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/pg/connection.h"
#include "core/result.h"
#include "core/uuid.h"

namespace plumbline::console {

// Who a provider says is there.
struct Identity {
  std::string provider;  // "google", "github", "oidc ISSUER", "link"
  std::string subject;
  std::string email = {};
  bool email_verified = false;
  std::string name = {};
};

// The user of an identity, who may see a tenant; takes the open invitations of a verified address first.
// Poison "not_invited": nobody let that person in. In a transaction of its own.
[[nodiscard]] Result<Uuid> user_of(pg::Connection& control, const Identity& identity);

struct SetupLink {
  std::string token;
  std::string expires_at;  // RFC 3339
};
inline constexpr std::chrono::hours kSetupLinkLife{24};
inline constexpr std::chrono::hours kInvitationLife{24 * 7};

// A link that signs `email` in once, as `role` of the tenant; the same address is the same user each time.
// For operators of the server only.
[[nodiscard]] Result<SetupLink> make_setup_link(pg::Connection& control, TenantId tenant,
                                                std::string_view email, std::string_view role,
                                                std::string_view actor);
// Uses a setup link, or an invitation's: the user. Poison "link" when it is none, used, late or taken back:
// all the same.
[[nodiscard]] Result<Uuid> use_link(pg::Connection& control, std::string_view token, std::string_view name);

// In the caller's transaction. A membership that is there already keeps the higher role.
[[nodiscard]] Status let_in(pg::Connection& control, TenantId tenant, const Uuid& user, std::string_view role,
                            std::string_view actor);
// Looks like an address that mail can reach; the provider or the invited person proves the rest.
[[nodiscard]] bool is_email(std::string_view text);

}  // namespace plumbline::console
