// Members of a tenant and who is invited.
#include "console/api/body.h"
#include "console/api/page.h"
#include "console/api/people.h"
#include "console/api/rows.h"
#include "console/api/sessions.h"
#include "core/codec/json_writer.h"
#include "sinks/postgres/tenants.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::console {
namespace {

// A member as a row of Member, in a subquery's place.
#define MEMBER                                                                                               \
  "SELECT m.user_id AS id, 'member' AS kind, u.email, u.name, m.role, m.created_at AS since, "               \
  "u.last_sign_in_at, "                                                                                      \
  "NULL::timestamptz AS expires_at, ARRAY(SELECT e.name FROM plumbline.team_members g JOIN plumbline.teams " \
  "e ON "                                                                                                    \
  "e.tenant_id = g.tenant_id AND e.id = g.team_id WHERE g.tenant_id = m.tenant_id AND g.user_id = "          \
  "m.user_id "                                                                                               \
  "ORDER BY e.name) AS teams FROM plumbline.memberships m JOIN plumbline.users u ON u.id = m.user_id "

// $1-$2 key, $3 rows.
constexpr std::string_view kMembers =
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", x.email, x.id) FROM (" MEMBER
    "UNION ALL SELECT i.id, 'invitation', i.email, NULL, i.role, i.created_at, NULL, i.expires_at, '{}' FROM "
    "plumbline.invitations i WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()) "
    "x WHERE "
    "(x.email, x.id) > (coalesce($1::text, ''), coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')) "
    "ORDER BY "
    "x.email, x.id LIMIT $3::int";

Error missing() {
  return poison("not_found", "there is no such row");
}

// After a change, in its transaction: a tenant must be manageable. Other changes of its members wait
// meanwhile.
Status keeps_an_admin(pg::Connection& c, TenantId tenant) {
  auto rows = c.query("SELECT count(*) FROM plumbline.memberships WHERE tenant_id = $1 AND role = 'admin'",
                      {tenant.value.to_string()});
  if (!rows) return rows.error();
  if (rows->integer(0, 0) > 0) return ok_status();
  return poison("conflict", "the tenant would have no admin; make somebody else admin first");
}

Status lock_members(pg::Connection& c, TenantId tenant) {
  auto locked =
      c.query("SELECT 1 FROM plumbline.tenants WHERE id = $1 FOR UPDATE", {tenant.value.to_string()});
  return locked ? ok_status() : Status(locked.error());
}

std::string role_detail(std::string_view role) {
  std::string detail;
  codec::JsonWriter(detail).open_object().member("role", role).close_object();
  return detail;
}

}  // namespace

Reply list_members(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  return answer_page(ask, *page, 2, kMembers, {});
}

Reply invite_member(Ask& ask) {
  auto body = Body::read(ask.call, {"email", "role"});
  if (!body) return body.error();
  auto email = body->text("email", 3, 254);
  if (!email) return email.error();
  if (!is_email(*email))
    return poison("bad_request", "email must be one mail address such as ann@example.com");
  auto role = body->word_or("role", "", {"viewer", "operator", "admin"});
  if (!role) return role.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  pg::Connection& c = **control;
  const std::string token = random_token(), tenant = ask.scope.tenant.value.to_string();
  const std::string id = Uuid::random().to_string();
  const std::string seconds = std::to_string(std::chrono::seconds(kInvitationLife).count());
  auto expires = postgres::in_transaction(c, [&]() -> Result<std::string> {
    // A new invitation takes the place of an open one.
    auto replaced = c.query(
        "UPDATE plumbline.invitations SET revoked_at = now() WHERE tenant_id = $1 AND lower(email) = "
        "lower($2) AND "
        "accepted_at IS NULL AND revoked_at IS NULL",
        {tenant, *email});
    if (!replaced) return replaced.error();
    auto added = c.query(
        "INSERT INTO plumbline.invitations (tenant_id, id, email, role, token_hash, created_by, expires_at) "
        "VALUES ($1, "
        "$2, $3, $4, $5::bytea, $6, now() + make_interval(secs => $7::int)) "
        "RETURNING " PLUMBLINE_CONSOLE_MOMENT("expires_at"),
        {tenant, id, *email, *role, hash_of_token(token), ask.caller.email, seconds});
    if (!added) return added.error();
    const std::string until(added->text(0, 0));
    if (Status told = postgres::audit(c, ask.scope.tenant, ask.caller.email, "member.invite", *email,
                                      role_detail(*role));
        !told) {
      return told.error();
    }
    return until;
  });
  if (!expires) return expires.error();
  std::string out;
  codec::JsonWriter(out)
      .open_object()
      .member("id", id)
      .member("email", *email)
      .member("role", *role)
      .member("expires_at", *expires)
      .member("link", ask.service.public_url + "/setup#" + token)
      .close_object();
  return std::optional(json(std::move(out), 201));
}

Reply revoke_invitation(Ask& ask) {
  if (!Uuid::parse(ask.parts[0])) return std::optional(not_found());
  auto control = ask.database.control();
  if (!control) return control.error();
  pg::Connection& c = **control;
  const Status done = postgres::in_transaction(c, [&]() -> Status {
    auto gone = c.query(
        "UPDATE plumbline.invitations SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND "
        "accepted_at IS NULL AND "
        "revoked_at IS NULL RETURNING email",
        {ask.scope.tenant.value.to_string(), ask.parts[0]});
    if (!gone) return gone.error();
    if (gone->size() == 0) return missing();
    return postgres::audit(c, ask.scope.tenant, ask.caller.email, "member.uninvite", gone->text(0, 0));
  });
  if (!done) return done.error();
  return std::optional(no_content());
}

Reply change_member(Ask& ask) {
  if (!Uuid::parse(ask.parts[0])) return std::optional(not_found());
  auto body = Body::read(ask.call, {"role"});
  if (!body) return body.error();
  auto role = body->word_or("role", "", {"viewer", "operator", "admin"});
  if (!role) return role.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  pg::Connection& c = **control;
  const Status done = postgres::in_transaction(c, [&]() -> Status {
    if (Status locked = lock_members(c, ask.scope.tenant); !locked) return locked;
    auto changed = c.query("UPDATE plumbline.memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2",
                           {ask.scope.tenant.value.to_string(), ask.parts[0], *role});
    if (!changed) return changed.error();
    if (changed->affected() == 0) return missing();
    if (Status kept = keeps_an_admin(c, ask.scope.tenant); !kept) return kept;
    return postgres::audit(c, ask.scope.tenant, ask.caller.email, "member.role", ask.parts[0],
                           role_detail(*role));
  });
  if (!done) return done.error();
  auto shown = one_json(ask, "SELECT row_to_json(x)::text FROM (" MEMBER "WHERE m.user_id = $1::uuid) x",
                        {ask.parts[0]});
  if (!shown) return shown.error();
  return std::optional(*shown ? json(std::move(**shown)) : not_found());
}
#undef MEMBER

Reply remove_member(Ask& ask) {
  if (!Uuid::parse(ask.parts[0])) return std::optional(not_found());
  auto control = ask.database.control();
  if (!control) return control.error();
  pg::Connection& c = **control;
  const Status done = postgres::in_transaction(c, [&]() -> Status {
    if (Status locked = lock_members(c, ask.scope.tenant); !locked) return locked;
    auto gone = c.query("DELETE FROM plumbline.memberships WHERE tenant_id = $1 AND user_id = $2",
                        {ask.scope.tenant.value.to_string(), ask.parts[0]});
    if (!gone) return gone.error();
    if (gone->affected() == 0) return missing();
    if (Status kept = keeps_an_admin(c, ask.scope.tenant); !kept) return kept;
    return postgres::audit(c, ask.scope.tenant, ask.caller.email, "member.remove", ask.parts[0]);
  });
  if (!done) return done.error();
  return std::optional(no_content());
}

}  // namespace plumbline::console
