#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "sinks/postgres/analysts.h"
#include "sinks/postgres/dictionary.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

struct Words {
  std::string login;
  std::string tenant;
  std::string password_file;
  postgres::AnalystLimits limits;
};

Result<postgres::Tenant> find_tenant(const config::Config& config, const std::string& words) {
  auto control = connect_control(config);
  if (!control) return control.error();
  return postgres::TenantStore(*control, actor()).find(words);
}

Result<Secret> password_of(const Words& words) {
  if (words.password_file.empty()) return postgres::random_password();
  std::ifstream file(words.password_file);
  if (!file) return poison("password_file", "can't read " + words.password_file);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return Secret(std::move(text));
}

int add(const config::Config& config, const Words& words) {
  auto tenant = find_tenant(config, words.tenant);
  if (!tenant) return fail(tenant.error());
  auto password = password_of(words);
  if (!password) return fail(password.error());
  auto connection = connect(config, "");
  if (!connection) return fail(connection.error());
  if (Status made =
          postgres::add_analyst(*connection, *tenant, words.login, *password, words.limits, actor());
      !made) {
    return fail(made.error());
  }
  fmt::print("login     {}\ntenant    {}\n", words.login, tenant->slug);
  if (words.password_file.empty()) {
    fmt::print("password  {}\n", password->reveal());
    fmt::print(stderr,
               "Keep the password now: PostgreSQL has its verifier only and it is not shown again.\n");
  }
  return kOk;
}

int list(const config::Config& config, const Words& words) {
  std::optional<TenantId> only;
  if (!words.tenant.empty()) {
    auto tenant = find_tenant(config, words.tenant);
    if (!tenant) return fail(tenant.error());
    only = tenant->id;
  }
  auto connection = connect(config, "");
  if (!connection) return fail(connection.error());
  auto logins = postgres::list_analysts(*connection, only);
  if (!logins) return fail(logins.error());
  for (const postgres::AnalystLogin& a : *logins) {
    fmt::print("{}  {}  since {} by {}{}\n", a.login, a.tenant, a.created_at, a.created_by,
               a.can_log_in ? "" : "  has no role that may log in");
  }
  return kOk;
}

int remove(const config::Config& config, const Words& words) {
  auto connection = connect(config, "");
  if (!connection) return fail(connection.error());
  if (Status gone = postgres::remove_analyst(*connection, words.login, actor()); !gone)
    return fail(gone.error());
  fmt::print("{} is removed; a session that is still open sees no rows\n", words.login);
  return kOk;
}

int dictionary(const config::Config& config, const Words&) {
  auto connection = connect(config, "");
  if (!connection) return fail(connection.error());
  auto text = postgres::analyst_dictionary(*connection);
  if (!text) return fail(text.error());
  fmt::print("{}", *text);
  return kOk;
}

}  // namespace

void add_analyst(Commands& commands) {
  auto& group = commands.group("analyst", "read-only PostgreSQL logins of a tenant: add, ls, rm, dictionary");
  const auto words = std::make_shared<Words>();
  const auto leaf = [&](const char* name, const char* help, auto run) -> CLI::App& {
    return commands.add(group, name, help,
                        [words, run](const config::Loaded& l) { return run(l.config, *words); });
  };
  auto& make = leaf("add", "make a login that reads one tenant's rows; its password is shown once", add);
  make.add_option("login", words->login, "name of the PostgreSQL role")->required();
  make.add_option("--tenant", words->tenant, "slug or id")->required();
  make.add_option("--password-file", words->password_file, "take the password from here; nothing is shown");
  make.add_option("--statement-timeout-s", words->limits.statement_timeout_s,
                  "a session's statements end after this many seconds unless it says otherwise; 60 without")
      ->check(CLI::Range(1, 86400));
  make.add_option("--connections-max", words->limits.connections_max, "sessions at once; 5 without")
      ->check(CLI::Range(1, 1000));
  leaf("ls", "list them", list).add_option("--tenant", words->tenant, "slug or id; all without");
  leaf("rm", "take a login away", remove).add_option("login", words->login, "as ls prints it")->required();
  leaf("dictionary", "what an analyst may read, as Markdown made from the database's comments", dictionary);
}

}  // namespace plumbline::app
