#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "core/log/open/open_log.h"
#include "sinks/postgres/dead_letter_desk.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::DeadLetter;

struct Words {
  std::string tenant;
  std::string reason;
  std::string address;
  std::vector<std::string> addresses;
  std::int64_t limit = 100;
};

std::string tenant_of(const DeadLetter& l) {
  return l.tenant ? l.tenant->value.to_string() : "-";
}

int list(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  postgres::DeadLetterFilter filter{.tenant = std::nullopt, .reason = words.reason, .limit = words.limit};
  if (!words.tenant.empty()) {
    auto tenant = postgres::TenantStore(*connection, actor()).find(words.tenant);
    if (!tenant) return fail(tenant.error());
    filter.tenant = tenant->id;
  }
  auto letters = postgres::list_dead_letters(*connection, filter);
  if (!letters) return fail(letters.error());
  for (const DeadLetter& l : *letters) {
    fmt::print("{}  {}  {}  {}  {}\n", postgres::address_of(l), l.reason, tenant_of(l),
               l.agent.empty() ? "-" : l.agent, l.detail);
  }
  return kOk;
}

int show(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto l = postgres::find_dead_letter(*connection, words.address);
  if (!l) return fail(l.error());
  fmt::print(
      "address   {}\nreason    {}\ndetail    {}\ntenant    {}\nagent     {}\nkey       {}\nreceived  "
      "{}\n\n{}\n",
      postgres::address_of(*l), l->reason, l->detail, tenant_of(*l), l->agent, l->key_id,
      l->received_at ? format_rfc3339(*l->received_at) : "", l->body);
  // A body is a tenant's data: who looked at it is kept.
  if (Status told = postgres::audit(*connection, l->tenant, actor(), "dead.show", words.address); !told)
    return fail(told.error());
  return kOk;
}

// All are found before the first is put back, so a wrong address changes nothing.
int replay(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  std::vector<DeadLetter> letters;
  for (const std::string& address : words.addresses) {
    auto letter = postgres::find_dead_letter(*connection, address);
    if (!letter) return fail(letter.error());
    letters.push_back(std::move(*letter));
  }
  auto log = log::open_log(config, log::Access::kAuto);
  if (!log) return fail(log.error());
  postgres::DeadLetterReplay desk(**log, *connection);
  for (const DeadLetter& letter : letters) {
    auto offset = desk.replay(letter);
    if (!offset) return fail(offset.error());
    const std::string address = postgres::address_of(letter);
    if (Status told = postgres::audit(*connection, letter.tenant, actor(), "dead.replay", address); !told)
      return fail(told.error());
    fmt::print("{} is back on {} at offset {}\n", address, letter.topic, *offset);
  }
  return kOk;
}

}  // namespace

void add_dead(Commands& commands) {
  auto& group = commands.group("dead", "dead letters: ls, show, replay");
  const auto words = std::make_shared<Words>();
  const auto leaf = [&](const char* name, const char* help, auto run) -> CLI::App& {
    return commands.add(group, name, help,
                        [words, run](const config::Loaded& l) { return run(l.config, *words); });
  };
  auto& ls = leaf("ls", "list them, newest first", list);
  ls.add_option("--tenant", words->tenant, "slug or id; all without");
  ls.add_option("--reason", words->reason, "only these: conflict, schema, invalid_json, bad_frame, ...");
  ls.add_option("--limit", words->limit, "how many")->check(CLI::Range(1, 1000000));
  leaf("show", "print one with its body", show)
      .add_option("address", words->address, "as ls prints it")
      ->required();
  leaf("replay", "append single traces to their topic again; they are judged and deduplicated as new", replay)
      .add_option("address", words->addresses, "as ls prints them")
      ->required();
}

}  // namespace plumbline::app
