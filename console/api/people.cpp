#include "console/api/people.h"

#include <algorithm>

#include "console/api/tokens.h"
#include "core/codec/json_writer.h"
#include "sinks/postgres/tenants.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::console {
namespace {

Uuid uuid_at(const pg::Rows& rows, int row, int column) {
  return Uuid::parse(rows.text(row, column)).value_or(Uuid{});
}

// The user of (provider, subject); made when there is none.
Result<Uuid> find_or_add(pg::Connection& c, const Identity& identity) {
  auto known = c.query("SELECT user_id FROM plumbline.user_identities WHERE provider = $1 AND subject = $2",
                       {identity.provider, identity.subject});
  if (!known) return known.error();
  if (known->size() > 0) {
    const Uuid user = uuid_at(*known, 0, 0);
    auto seen =
        c.query("UPDATE plumbline.users SET email = $2, name = coalesce(nullif($3, ''), name) WHERE id = $1",
                {user.to_string(), identity.email, identity.name});
    if (!seen) return seen.error();
    return user;
  }
  const Uuid user = Uuid::random();
  auto added = c.query("INSERT INTO plumbline.users (id, email, name) VALUES ($1, $2, $3)",
                       {user.to_string(), identity.email, identity.name});
  if (!added) return added.error();
  auto bound = c.query(
      "INSERT INTO plumbline.user_identities (provider, subject, user_id, email) VALUES ($1, $2, $3, $4)",
      {identity.provider, identity.subject, user.to_string(), identity.email});
  if (!bound) return bound.error();
  return user;
}

Status accept(pg::Connection& c, TenantId tenant, const Uuid& invitation, const Uuid& user,
              std::string_view role, std::string_view email) {
  auto taken = c.query(
      "UPDATE plumbline.invitations SET accepted_at = now(), accepted_by = $3 WHERE tenant_id = $1 AND id = "
      "$2 AND "
      "accepted_at IS NULL",
      {tenant.value.to_string(), invitation.to_string(), user.to_string()});
  if (!taken) return taken.error();
  if (taken->affected() == 0) return poison("link", "the link was used already");
  return let_in(c, tenant, user, role, email);
}

Status accept_by_address(pg::Connection& c, const Identity& identity, const Uuid& user) {
  auto open = c.query(
      "SELECT i.tenant_id, i.id, i.role FROM plumbline.invitations i JOIN plumbline.tenants t ON t.id = "
      "i.tenant_id "
      "WHERE lower(i.email) = lower($1) AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at "
      "> now() AND "
      "t.status <> 'erased' FOR UPDATE OF i",
      {identity.email});
  if (!open) return open.error();
  for (int i = 0; i < open->size(); ++i) {
    if (Status done =
            accept(c, {uuid_at(*open, i, 0)}, uuid_at(*open, i, 1), user, open->text(i, 2), identity.email);
        !done) {
      return done;
    }
  }
  return ok_status();
}

Result<bool> is_member_or_invited(pg::Connection& c, const Identity& identity) {
  auto rows = c.query(
      "SELECT EXISTS (SELECT FROM plumbline.user_identities i JOIN plumbline.memberships m USING (user_id) "
      "JOIN "
      "plumbline.users u ON u.id = i.user_id WHERE i.provider = $1 AND i.subject = $2 AND u.disabled_at IS "
      "NULL) OR "
      "($4::boolean AND EXISTS (SELECT FROM plumbline.invitations WHERE lower(email) = lower($3) AND "
      "accepted_at IS NULL "
      "AND revoked_at IS NULL AND expires_at > now()))",
      {identity.provider, identity.subject, identity.email, identity.email_verified ? "t" : "f"});
  if (!rows) return rows.error();
  return rows->text(0, 0) == "t";
}

}  // namespace

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  const auto plain = [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("<>,;:\"@").find(c) == std::string_view::npos;
  };
  return at != std::string_view::npos && at > 0 && at <= 64 && text.size() > at + 1 && text.size() <= 254 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), plain) &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 1, text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '-';
         });
}

Status let_in(pg::Connection& c, TenantId tenant, const Uuid& user, std::string_view role,
              std::string_view actor) {
  auto added = c.query(
      "INSERT INTO plumbline.memberships AS m (tenant_id, user_id, role, created_by) VALUES ($1, $2, $3, $4) "
      "ON "
      "CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role WHERE "
      "array_position(ARRAY['viewer', 'operator', 'admin'], excluded.role) > array_position(ARRAY['viewer', "
      "'operator', "
      "'admin'], m.role)",
      {tenant.value.to_string(), user.to_string(), role, actor});
  if (!added) return added.error();
  std::string detail;
  codec::JsonWriter(detail).open_object().member("role", role).close_object();
  return postgres::audit(c, tenant, actor, "member.join", user.to_string(), detail);
}

Result<Uuid> user_of(pg::Connection& c, const Identity& identity) {
  return postgres::in_transaction(c, [&]() -> Result<Uuid> {
    auto expected = is_member_or_invited(c, identity);
    if (!expected) return expected.error();
    if (!*expected) return poison("not_invited", "nobody invited this address");
    auto user = find_or_add(c, identity);
    if (!user) return user;
    if (identity.email_verified) {
      if (Status done = accept_by_address(c, identity, *user); !done) return done.error();
    }
    return user;
  });
}

Result<SetupLink> make_setup_link(pg::Connection& c, TenantId tenant, std::string_view email,
                                  std::string_view role, std::string_view actor) {
  SetupLink link{random_token(), ""};
  const std::string seconds = std::to_string(std::chrono::seconds(kSetupLinkLife).count());
  return postgres::in_transaction(c, [&]() -> Result<SetupLink> {
    auto added = c.query(
        "INSERT INTO plumbline.setup_links (tenant_id, token_hash, email, role, created_by, expires_at) "
        "VALUES ($1, "
        "$2::bytea, $3, $4, $5, now() + make_interval(secs => $6::int)) RETURNING to_char(expires_at AT TIME "
        "ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        {tenant.value.to_string(), hash_of_token(link.token), email, role, actor, seconds});
    if (!added) return added.error();
    link.expires_at = added->text(0, 0);
    std::string detail;
    codec::JsonWriter(detail).open_object().member("role", role).close_object();
    if (Status told = postgres::audit(c, tenant, actor, "console.setup_link", email, detail); !told)
      return told.error();
    return link;
  });
}

Result<Uuid> use_link(pg::Connection& c, std::string_view token, std::string_view name) {
  const std::string hash = hash_of_token(token);
  return postgres::in_transaction(c, [&]() -> Result<Uuid> {
    auto setup = c.query(
        "UPDATE plumbline.setup_links l SET used_at = now() FROM plumbline.tenants t WHERE l.token_hash = "
        "$1::bytea AND "
        "l.used_at IS NULL AND l.expires_at > now() AND t.id = l.tenant_id AND t.status <> 'erased' "
        "RETURNING "
        "l.tenant_id, l.email, l.role",
        {hash});
    if (!setup) return setup.error();
    if (setup->size() > 0) {
      const std::string email(setup->text(0, 1));
      std::string subject = email;
      std::transform(subject.begin(), subject.end(), subject.begin(),
                     [](char ch) { return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch - 'A' + 'a') : ch; });
      auto user =
          find_or_add(c, {.provider = "link", .subject = subject, .email = email, .name = std::string(name)});
      if (!user) return user;
      if (Status in = let_in(c, {uuid_at(*setup, 0, 0)}, *user, setup->text(0, 2), email); !in)
        return in.error();
      return user;
    }
    auto invited = c.query(
        "SELECT i.tenant_id, i.id, i.role, i.email FROM plumbline.invitations i JOIN plumbline.tenants t ON "
        "t.id = "
        "i.tenant_id WHERE i.token_hash = $1::bytea AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND "
        "i.expires_at > "
        "now() AND t.status <> 'erased' FOR UPDATE OF i",
        {hash});
    if (!invited) return invited.error();
    if (invited->size() == 0) return poison("link", "the link is not valid any more");
    // A user of its own, whatever its address says: an admin who invites somebody's address and takes the
    // link does not become that somebody in another tenant.
    const std::string email(invited->text(0, 3));
    auto user = find_or_add(c, {.provider = "invitation",
                                .subject = std::string(invited->text(0, 1)),
                                .email = email,
                                .name = std::string(name)});
    if (!user) return user;
    if (Status in =
            accept(c, {uuid_at(*invited, 0, 0)}, uuid_at(*invited, 0, 1), *user, invited->text(0, 2), email);
        !in)
      return in.error();
    return user;
  });
}

}  // namespace plumbline::console
