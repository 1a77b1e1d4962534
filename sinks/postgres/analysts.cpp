#include "sinks/postgres/analysts.h"

#include <algorithm>

#include "core/crypto/base64.h"
#include "core/crypto/random.h"
#include "sinks/postgres/scram.h"
#include "sinks/postgres/transaction.h"

namespace plumbline::postgres {
namespace {

constexpr std::size_t kPasswordMin = 12, kPasswordMax = 200;

bool good_login(std::string_view login) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !login.empty() && login.size() <= 63 && login.front() != '_' && login.front() != '-' &&
         std::all_of(login.begin(), login.end(), allowed) && !login.starts_with("pg_") &&
         !login.starts_with("plumbline_");
}

Status good_words(std::string_view login, const Secret& password) {
  if (!good_login(login)) {
    return poison(
        "bad_login",
        "an analyst's login has 1 to 63 of a-z, 0-9, _ and -, starts with a letter or digit and not "
        "with pg_ or plumbline_");
  }
  const std::string_view text = password.reveal();
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (text.size() < kPasswordMin || text.size() > kPasswordMax ||
      !std::all_of(text.begin(), text.end(), printable)) {
    return poison("bad_password",
                  "an analyst's password has 12 to 200 printable ASCII characters without spaces; leave "
                  "--password-file out and one is made");
  }
  return ok_status();
}

// Runs the statement that `sql` makes of the parameters: CREATE ROLE and its kin take none themselves, so
// the server quotes them (format's %I and %L).
Status run_formatted(pg::Connection& c, std::string_view sql, std::initializer_list<pg::Param> params) {
  auto made = c.query(sql, params);
  if (!made) return made.error();
  return c.execute(std::string(made->text(0, 0)));
}

Error named(Error error, std::string_view login) {
  if (error.code == "42710") {
    return poison("analyst_exists", "PostgreSQL has a role " + std::string(login) +
                                        " already (roles are shared by all databases of a server); choose "
                                        "another name or `plumbline analyst rm` it first");
  }
  if (error.code == "42501") {
    return fatal("no_createrole", "postgres.url's user can't make roles (" + error.message +
                                      "); run this as a user with CREATEROLE: ALTER ROLE ... CREATEROLE");
  }
  return error;
}

Status make_role(pg::Connection& c, std::string_view login, const Secret& password,
                 const AnalystLimits& limits) {
  const std::string verifier = scram_verifier(password, crypto::random_bytes(16));
  const std::string connections = std::to_string(limits.connections_max);
  if (Status made = run_formatted(
          c,
          "SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS "
          "INHERIT CONNECTION LIMIT %s PASSWORD %L IN ROLE plumbline_analyst', $1::text, $2::int, $3::text)",
          {login, connections, verifier});
      !made) {
    return made;
  }
  const std::string timeout = std::to_string(limits.statement_timeout_s * 1000);
  const std::pair<std::string_view, std::string_view> defaults[] = {
      {"default_transaction_read_only", "on"},
      {"statement_timeout", timeout},
      {"idle_in_transaction_session_timeout", "300000"},  // 5 min: an open snapshot holds back vacuum
      {"search_path", "plumbline"},
  };
  for (const auto& [name, value] : defaults) {
    if (Status set =
            run_formatted(c, "SELECT format('ALTER ROLE %I SET %I = %L', $1::text, $2::text, $3::text)",
                          {login, name, value});
        !set) {
      return set;
    }
  }
  return ok_status();
}

}  // namespace

Secret random_password() {
  return Secret(crypto::base64url_encode(crypto::random_bytes(24)));
}

Status add_analyst(pg::Connection& c, const Tenant& tenant, std::string_view login, const Secret& password,
                   const AnalystLimits& limits, std::string_view actor) {
  if (Status good = good_words(login, password); !good) return good;
  if (tenant.status == "erased")
    return poison("tenant_erased", "tenant " + tenant.slug + " is erased, which is for ever");
  Status done = in_transaction(c, [&]() -> Status {
    if (Status made = make_role(c, login, password, limits); !made) return made;
    if (Status role = c.execute("SET LOCAL ROLE plumbline_control"); !role) return role;
    auto bound = c.query(
        "INSERT INTO plumbline.analyst_logins (login, tenant_id, created_by) VALUES ($1, $2::uuid, $3)",
        {login, tenant.id.value.to_string(), actor});
    if (!bound) return bound.error();
    return audit(c, tenant.id, actor, "analyst.add", login);
  });
  if (!done) return named(done.error(), login);
  return done;
}

Result<std::vector<AnalystLogin>> list_analysts(pg::Connection& c, std::optional<TenantId> tenant) {
  return in_transaction(c, [&]() -> Result<std::vector<AnalystLogin>> {
    if (Status role = c.execute("SET LOCAL ROLE plumbline_control"); !role) return role.error();
    const std::string id = tenant ? tenant->value.to_string() : std::string();
    auto rows = c.query(
        "SELECT a.login, t.slug, a.created_by, to_char(a.created_at AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), coalesce(r.rolcanlogin, false) FROM plumbline.analyst_logins a "
        "JOIN plumbline.tenants t ON t.id = a.tenant_id LEFT JOIN pg_roles r ON r.rolname = a.login "
        "WHERE $1 = '' OR a.tenant_id = nullif($1, '')::uuid ORDER BY t.slug, a.login",
        {id});
    if (!rows) return rows.error();
    std::vector<AnalystLogin> found;
    for (int i = 0; i < rows->size(); ++i) {
      found.push_back({std::string(rows->text(i, 0)), std::string(rows->text(i, 1)),
                       std::string(rows->text(i, 2)), std::string(rows->text(i, 3)),
                       rows->text(i, 4) == "t"});
    }
    return found;
  });
}

Status remove_analyst(pg::Connection& c, std::string_view login, std::string_view actor) {
  // The binding goes first and for itself: whatever keeps the role from being dropped, it sees nothing.
  Status unbound = in_transaction(c, [&]() -> Status {
    if (Status role = c.execute("SET LOCAL ROLE plumbline_control"); !role) return role;
    auto gone = c.query("DELETE FROM plumbline.analyst_logins WHERE login = $1 RETURNING tenant_id", {login});
    if (!gone) return gone.error();
    if (gone->size() == 0) {
      return poison("no_analyst", "no analyst " + std::string(login) + "; `plumbline analyst ls` shows them");
    }
    const auto id = Uuid::parse(gone->text(0, 0));
    return audit(c, TenantId{id.value_or(Uuid{})}, actor, "analyst.rm", login);
  });
  if (!unbound) return unbound;
  auto there = c.query("SELECT FROM pg_roles WHERE rolname = $1", {login});
  if (!there) return there.error();
  if (there->size() == 0) return ok_status();
  return run_formatted(c, "SELECT format('DROP ROLE %I', $1::text)", {login});
}

}  // namespace plumbline::postgres
