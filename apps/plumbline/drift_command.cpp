// plumbline drift ls|show|matchers. `plumbline drift` alone runs the role.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"
#include "core/time.h"
#include "sinks/postgres/drift_list.h"
#include "sinks/postgres/drift_settings.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::ListedDrift;

struct Words {
  std::string tenant, repo, id;
  bool open = false, json = false, reset = false;
  std::int64_t limit = 50;
  std::vector<std::string> ids, words;
};

// What a person calls a state of the code: version, else the beginning of the commit, else the time.
std::string name_of(const std::string& version, const std::string& commit, const std::string& time) {
  if (!version.empty()) return version;
  return commit.empty() ? time : commit.substr(0, 12);
}

std::string cause_of(const ListedDrift& d) {
  if (d.violations_total <= 1) return d.cause;
  return fmt::format("{} and {} more", d.cause, d.violations_total - 1);
}

std::string span_of(const std::string& from, const std::string& to) {
  const auto first = parse_rfc3339(from), last = parse_rfc3339(to);
  if (!first || !last) return "";
  const std::int64_t minutes = (last->value - first->value) / 60000000;
  if (minutes >= 2 * 1440) return fmt::format("{} d", minutes / 1440);
  return minutes >= 120 ? fmt::format("{} h", minutes / 60) : fmt::format("{} min", minutes);
}

void print(const std::vector<ListedDrift>& drifts) {
  if (drifts.empty()) {
    fmt::print("no drift\n");
    return;
  }
  fmt::print("{:<8}  {:<8}  {:<8}  {:<20}  {:<12}  {:<12}  {}\n", "drift", "state", "severity", "opened",
             "at", "resolved at", "where: cause");
  for (const ListedDrift& d : drifts) {
    fmt::print("{:<8}  {:<8}  {:<8}  {:<20}  {:<12}  {:<12}  {} {}{}{}: {}\n", d.id.substr(0, 8), d.state,
               d.severity, d.opened_at, name_of(d.opened_version, d.opened_commit, "-"),
               d.state == "open" ? "-" : name_of(d.resolved_version, d.resolved_commit, d.resolved_at),
               d.tenant, d.repo, d.branch.empty() ? "" : " ", d.branch, cause_of(d));
  }
}

Result<std::optional<TenantId>> tenant_of(pg::Connection& connection, const std::string& name) {
  if (name.empty()) return std::optional<TenantId>{};
  auto tenant = postgres::TenantStore(connection, actor()).find(name);
  if (!tenant) return tenant.error();
  return std::optional(tenant->id);
}

int list(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = tenant_of(*connection, words.tenant);
  if (!tenant) return fail(tenant.error());
  auto drifts = postgres::list_drifts(*connection, {*tenant, words.repo, words.open, words.limit});
  if (!drifts) return fail(drifts.error());
  if (!words.json) {
    print(*drifts);
    return kOk;
  }
  for (const ListedDrift& d : *drifts) fmt::print("{}\n", d.json);
  return kOk;
}

void print_violations(const ListedDrift& d) {
  auto violations = codec::JsonValue::parse(d.violations);
  if (!violations) return;
  fmt::print("violations  {} new since {}\n", d.violations_total,
             name_of(d.previous_version, d.previous_commit, d.previous_at));
  for (const codec::JsonValue& v : violations->items()) {
    fmt::print("  {} [{}] {}\n", v["id"].text(), v["severity"].text(), v["title"].text());
    for (const codec::JsonValue& file : v["files"].items()) fmt::print("    {}\n", file.text());
  }
  if (d.violations_total > static_cast<std::int64_t>(violations->items().size())) fmt::print("  ...\n");
}

int show(const config::Config& config, const Words& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto found = postgres::find_drift(*connection, words.id);
  if (!found) return fail(found.error());
  const ListedDrift& d = *found;
  if (words.json) {
    fmt::print("{}\n", d.json);
    return kOk;
  }
  fmt::print("drift       {}\nincident    {}\nwhere       {} {} {}\nstate       {}, severity {}\n", d.id,
             d.incident, d.tenant, d.repo, d.branch, d.state, d.severity);
  fmt::print("opened      {} at {} {}\n", d.opened_at, d.opened_version, d.opened_commit);
  fmt::print("passed      since {}, for {}; last at {} {} {}\n", d.passing_since,
             span_of(d.passing_since, d.opened_at), d.previous_at, d.previous_version, d.previous_commit);
  if (d.state != "open") {
    fmt::print("resolved    {} at {} {}, after {}\n", d.resolved_at, d.resolved_version, d.resolved_commit,
               span_of(d.opened_at, d.resolved_at));
  }
  print_violations(d);
  auto events = postgres::drift_history(*connection, d.id);
  if (!events) return fail(events.error());
  fmt::print("events\n");
  for (const auto& e : *events) {
    std::string how = e.notify ? "told" : "recorded only";
    if (e.late) how += ", late";
    if (e.correction) how += ", correction";
    if (e.withdrawn) how += ", withdrawn";
    fmt::print("  {}  {:<14}  {} ({})\n", e.time, e.type, e.summary, how);
  }
  return kOk;
}

void print_matchers(const Words& words, const std::optional<postgres::DriftMatchersRow>& row) {
  // The defaults are the consumer's (consumers/drift/matchers.h).
  const std::vector<std::string> ids = row ? row->ids : std::vector<std::string>{"ARCH_BOUNDARY"};
  const std::vector<std::string> others = row ? row->words : std::vector<std::string>{"architect", "layer"};
  if (words.json) {
    std::string json;
    codec::JsonWriter out(json);
    out.open_object().key("own").boolean(row.has_value()).key("ids").open_array();
    for (const std::string& id : ids) out.text(id);
    out.close_array().key("words").open_array();
    for (const std::string& word : others) out.text(word);
    out.close_array().close_object();
    fmt::print("{}\n", json);
    return;
  }
  fmt::print("{}\n", row ? "the tenant's own" : "the defaults");
  for (const std::string& id : ids) fmt::print("id    {}\n", id);
  for (const std::string& word : others) fmt::print("word  {}\n", word);
}

int matchers(const config::Config& config, const Words& words, bool set) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = tenant_of(*connection, words.tenant);
  if (!tenant) return fail(tenant.error());
  if (set && words.reset) {
    if (Status done = postgres::reset_drift_matchers(*connection, **tenant, actor()); !done)
      return fail(done.error());
  } else if (set) {
    const Status done =
        postgres::set_drift_matchers(*connection, {**tenant, words.ids, words.words}, actor());
    if (!done) return fail(done.error());
  }
  auto row = postgres::drift_matchers(*connection, **tenant);
  if (!row) return fail(row.error());
  print_matchers(words, *row);
  return kOk;
}

}  // namespace

void add_drift(Commands& commands) {
  CLI::App& drift = commands.role_or_group("drift", "when branches broke their layers and when they stopped");
  const auto words = std::make_shared<Words>();
  CLI::App& ls = commands.add(drift, "ls", "drifts with their cause, newest first",
                              [words](const config::Loaded& loaded) { return list(loaded.config, *words); });
  ls.add_option("--tenant", words->tenant, "slug or id; all without");
  ls.add_option("--repo", words->repo, "only this repository");
  ls.add_flag("--open", words->open, "only those that are not resolved");
  ls.add_option("--limit", words->limit, "at most so many")->check(CLI::Range(1, 100000));
  ls.add_flag("--json", words->json, "one JSON object a line");
  CLI::App& one = commands.add(drift, "show", "one drift: cause, commits, what was told",
                               [words](const config::Loaded& loaded) { return show(loaded.config, *words); });
  one.add_option("drift", words->id, "its id, or the beginning of it")->required();
  one.add_flag("--json", words->json, "as a JSON object");

  CLI::App& own =
      commands.add(drift, "matchers", "what counts as a layer violation for a tenant",
                   [words](const config::Loaded& loaded) { return matchers(loaded.config, *words, false); });
  own.add_option("--tenant", words->tenant, "slug or id")->required();
  own.add_flag("--json", words->json, "as a JSON object");
  CLI::App& set =
      commands.add(own, "set", "for reports that come from now on",
                   [words](const config::Loaded& loaded) { return matchers(loaded.config, *words, true); });
  set.add_option("--id", words->ids, "id of a rule, in any case; * at the end for any rest; repeatable");
  set.add_option("--word", words->words,
                 "beginning of a word in id, title or category, in any case; repeatable");
  set.add_flag("--default", words->reset, "back to the defaults");
}

}  // namespace plumbline::app
