#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "console/api/console.h"
#include "console/api/people.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

struct Words {
  std::string tenant;
  std::string email = "admin@localhost";
  std::string role = "admin";
};

// The link goes to standard output once and nowhere else.
int setup_link(const config::Config& config, const Words& words) {
  if (!console::is_email(words.email)) {
    return fail(poison("bad_email",
                       "--email " + words.email + " is no mail address; write one such as ann@example.com"));
  }
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = postgres::TenantStore(*connection, actor()).find(words.tenant);
  if (!tenant) return fail(tenant.error());
  if (tenant->status == "erased")
    return fail(poison("tenant_erased", "the tenant is erased; `plumbline tenant ls` shows others"));
  auto link = console::make_setup_link(*connection, tenant->id, words.email, words.role, actor());
  if (!link) return fail(link.error());
  fmt::print("{}/setup#{}\n", console::public_url(config.console), link->token);
  fmt::print(stderr, "Signs {} in as {} of {}, once, until {}. Whoever has the link comes in.\n", words.email,
             words.role, tenant->slug, link->expires_at);
  return kOk;
}

}  // namespace

void add_console(Commands& commands) {
  auto& group = commands.role_or_group("console", "the console");
  const auto words = std::make_shared<Words>();
  auto& link =
      commands.add(group, "setup-link", "print a link that signs somebody in once, such as the first admin",
                   [words](const config::Loaded& l) { return setup_link(l.config, *words); });
  link.add_option("tenant,--tenant", words->tenant, "slug or id")->required();
  link.add_option("--email", words->email,
                  "who it is for; the same address is the same user each time (admin@localhost)");
  link.add_option("--role", words->role, "viewer, operator or admin (admin)")
      ->check(CLI::IsMember({"viewer", "operator", "admin"}));
}

}  // namespace plumbline::app
