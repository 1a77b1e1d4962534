// Teams: groups of a tenant's members.
#include "console/api/body.h"
#include "console/api/page.h"
#include "console/api/rows.h"
#include "core/codec/json_writer.h"
#include "sinks/postgres/tenants.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::console {
namespace {

#define TEAM                                                                                                 \
  "SELECT e.id, e.name, e.created_at, (SELECT coalesce(json_agg(json_build_object('id', u.id, 'email', "     \
  "u.email, "                                                                                                \
  "'name', u.name) ORDER BY u.email), '[]') FROM plumbline.team_members g JOIN plumbline.users u ON u.id = " \
  "g.user_id WHERE g.tenant_id = e.tenant_id AND g.team_id = e.id) AS members FROM plumbline.teams e "

// $1-$2 key, $3 rows.
constexpr std::string_view kTeams =
    "SELECT row_to_json(x)::text, concat_ws(" PLUMBLINE_CONSOLE_KEY ", x.name, x.id) FROM (" TEAM
    ") x WHERE (x.name, x.id) "
    "> (coalesce($1::text, ''), coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')) ORDER BY x.name, "
    "x.id LIMIT "
    "$3::int";
constexpr std::string_view kTeam = "SELECT row_to_json(x)::text FROM (" TEAM "WHERE e.id = $1::uuid) x";
#undef TEAM

Error missing() {
  return poison("not_found", "there is no such row");
}

// One change with its audit line; none found: 404.
Reply change(Ask& ask, std::string_view action, std::string_view subject, std::string_view sql,
             std::initializer_list<pg::Param> params) {
  auto control = ask.database.control();
  if (!control) return control.error();
  pg::Connection& c = **control;
  const Status done = postgres::in_transaction(c, [&]() -> Status {
    auto rows = c.query(sql, params);
    if (!rows && rows.error().code == "23503") return missing();  // the team, or the member
    if (!rows) return rows.error();
    if (rows->affected() == 0) return missing();
    return postgres::audit(c, ask.scope.tenant, ask.caller.email, action, subject);
  });
  if (!done) return done.error();
  return std::optional(no_content());
}

}  // namespace

Reply list_teams(Ask& ask) {
  auto page = page_of(ask.call, 2);
  if (!page) return page.error();
  return answer_page(ask, *page, 2, kTeams, {});
}

Reply add_team(Ask& ask) {
  auto body = Body::read(ask.call, {"name"});
  if (!body) return body.error();
  auto name = body->text("name", 1, 100);
  if (!name) return name.error();
  const std::string id = Uuid::random().to_string();
  auto added =
      change(ask, "team.add", *name, "INSERT INTO plumbline.teams (tenant_id, id, name) VALUES ($1, $2, $3)",
             {ask.scope.tenant.value.to_string(), id, *name});
  if (!added && added.error().code == "23505")
    return poison("conflict", "there is a team of that name; choose another");
  if (!added) return added;
  auto shown = one_json(ask, kTeam, {id});
  if (!shown) return shown.error();
  return std::optional(*shown ? json(std::move(**shown), 201) : not_found());
}

Reply remove_team(Ask& ask) {
  if (!Uuid::parse(ask.parts[0])) return std::optional(not_found());
  return change(ask, "team.remove", ask.parts[0],
                "DELETE FROM plumbline.teams WHERE tenant_id = $1 AND id = $2",
                {ask.scope.tenant.value.to_string(), ask.parts[0]});
}

Reply add_team_member(Ask& ask) {
  if (!Uuid::parse(ask.parts[0]) || !Uuid::parse(ask.parts[1])) return std::optional(not_found());
  return change(
      ask, "team.join", ask.parts[0],
      "INSERT INTO plumbline.team_members AS g (tenant_id, team_id, user_id) VALUES ($1, $2, $3) ON CONFLICT "
      "(tenant_id, team_id, user_id) DO UPDATE SET user_id = g.user_id",
      {ask.scope.tenant.value.to_string(), ask.parts[0], ask.parts[1]});
}

Reply remove_team_member(Ask& ask) {
  if (!Uuid::parse(ask.parts[0]) || !Uuid::parse(ask.parts[1])) return std::optional(not_found());
  return change(ask, "team.leave", ask.parts[0],
                "DELETE FROM plumbline.team_members WHERE tenant_id = $1 AND team_id = $2 AND user_id = $3",
                {ask.scope.tenant.value.to_string(), ask.parts[0], ask.parts[1]});
}

}  // namespace plumbline::console
