// plumbline route: where a tenant's notifications go.
#include <memory>

#include <fmt/format.h>

#include "apps/plumbline/command.h"
#include "apps/plumbline/control.h"
#include "apps/plumbline/route_words.h"
#include "core/clock.h"
#include "core/crypto/seal.h"
#include "core/crypto/webhooks.h"
#include "sinks/postgres/notify_routes.h"
#include "sinks/postgres/tenants.h"

namespace plumbline::app {
namespace {

using postgres::NotifyRoute;
using postgres::RouteStore;

void print(const NotifyRoute& r, TimeUs now) {
  std::string more;
  if (r.admin) more += "  admin";
  if (r.digest != "none") more += "  " + r.digest + " digest";
  if (!r.quiet_from.empty()) more += "  quiet " + r.quiet_from + "-" + r.quiet_to + " " + r.time_zone;
  const auto until = parse_rfc3339(r.muted_until);
  if (r.muted_until == "infinity") more += "  muted";
  if (until && now < *until) more += "  muted until " + r.muted_until;
  fmt::print("{}  {}  {}  {}{}{}  severity {}  events {}  repos {}  last delivered {}\n", r.name, r.kind,
             r.address, r.status, r.status_reason.empty() ? "" : " (" + r.status_reason + ")", more,
             r.severity_min, joined(r.events), r.repos.empty() ? "all" : joined(r.repos),
             r.last_delivered_at.empty() ? "never" : r.last_delivered_at);
}

// Runs `work(connection, store, route)` on the route that the words name.
template <class Work>
int on_route(const config::Config& config, const RouteWords& words, Work work) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = postgres::TenantStore(*connection, actor()).find(words.tenant);
  if (!tenant) return fail(tenant.error());
  RouteStore store(*connection, actor());
  auto route = store.find(tenant->id, words.name);
  if (!route) return fail(route.error());
  return work(*connection, store, *route);
}

// Changes, then prints the route as it is now.
template <class Change>
int change(const config::Config& config, const RouteWords& words, Change apply) {
  return on_route(config, words, [&](pg::Connection&, RouteStore& store, const NotifyRoute& route) {
    if (Status done = apply(store, route); !done) return fail(done.error());
    auto now = store.find(route.tenant, route.name);
    if (!now) return fail(now.error());
    print(*now, SystemClock().now());
    return kOk;
  });
}

void print_new_secret(const Secret& secret) {
  fmt::print("secret  {}\n", secret.reveal());
  fmt::print(stderr,
             "Give it to the receiver, which checks signatures with it. It is sealed here and is not shown "
             "again.\n");
}

int add(const config::Config& config, const RouteWords& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  auto tenant = postgres::TenantStore(*connection, actor()).find(words.tenant);
  if (!tenant) return fail(tenant.error());
  auto route = route_of_words(words);
  if (!route) return fail(route.error());
  auto zone = postgres::is_time_zone(*connection, route->time_zone);
  if (!zone) return fail(zone.error());
  if (!*zone) {
    return fail(poison("bad_route", "--time-zone " + route->time_zone +
                                        " is no time zone; write an IANA name such as Europe/Berlin"));
  }
  route->tenant = tenant->id;
  auto secret = secret_of_words(words);
  if (!secret) return fail(secret.error());
  const bool made = words.kind == "webhook" && secret->empty();
  if (made) *secret = crypto::format_signing_secret(crypto::random_signing_secret());
  if (!secret->empty()) {
    auto sealer = crypto::Sealer::from_text(config.keys.master_key);
    if (!sealer) return fail(sealer.error());
    route->sealed_secret = postgres::seal_route_secrets(*sealer, route->tenant, route->id, {*secret});
  }
  auto added = RouteStore(*connection, actor()).add(*route);
  if (!added) return fail(added.error());
  print(*added, SystemClock().now());
  if (made) print_new_secret(*secret);
  if (route->kind == "email" && config.notify.smtp.url.empty())
    fmt::print(stderr, "smtp.url is not set: no mail leaves until it is.\n");
  if (route->kind == "email" && config.notify.public_url.empty())
    fmt::print(stderr, "notify.public_url is not set: mails carry no one-click unsubscribe.\n");
  return kOk;
}

int list(const config::Config& config, const RouteWords& words) {
  auto connection = connect_control(config);
  if (!connection) return fail(connection.error());
  postgres::TenantStore tenants(*connection, actor());
  std::vector<postgres::Tenant> of;
  if (!words.tenant.empty()) {
    auto tenant = tenants.find(words.tenant);
    if (!tenant) return fail(tenant.error());
    of.push_back(*tenant);
  } else {
    auto all = tenants.list();
    if (!all) return fail(all.error());
    of = *all;
  }
  for (const postgres::Tenant& tenant : of) {
    auto routes = RouteStore(*connection, actor()).list(tenant.id);
    if (!routes) return fail(routes.error());
    for (const NotifyRoute& route : *routes) {
      if (words.tenant.empty()) fmt::print("{}  ", tenant.slug);
      print(route, SystemClock().now());
    }
  }
  return kOk;
}

// Queues a test and waits for what becomes of it: the notify role sends it as anything else.
int test(const config::Config& config, const RouteWords& words) {
  return on_route(
      config, words, [&](pg::Connection& connection, RouteStore& store, const NotifyRoute& route) {
        auto id = store.test(route, SystemClock().now());
        if (!id) return fail(id.error());
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(words.wait_s);
        for (;;) {
          auto state = postgres::delivery_state(connection, route.tenant, *id);
          if (!state) return fail(state.error());
          if (state->state == "delivered") {
            fmt::print("delivered by {}\n", route.name);
            return kOk;
          }
          if (state->state == "failed" || state->state == "skipped")
            return fail(poison("not_delivered", state->state + ": " + state->reason));
          if (std::chrono::steady_clock::now() >= deadline) {
            return fail(retryable(
                "not_delivered",
                "not delivered within " + std::to_string(words.wait_s) + " s (" +
                    (state->attempts == 0
                         ? "no notify role took it up: does `plumbline up` or `plumbline notify` run?"
                         : "attempt " + std::to_string(state->attempts) + ": " + state->reason) +
                    "); it is tried on"));
          }
          if (auto waited = connection.wait_notification(100); !waited) return fail(waited.error());
        }
      });
}

// A new signing secret beside the old one: both sign until the next rotation or `--drop-old`.
int rotate(const config::Config& config, const RouteWords& words) {
  auto sealer = crypto::Sealer::from_text(config.keys.master_key);
  if (!sealer) return fail(sealer.error());
  return on_route(config, words, [&](pg::Connection&, RouteStore& store, const NotifyRoute& route) {
    if (route.kind != "webhook") {
      return fail(poison("bad_route", "only webhook routes have signing secrets; for " + route.kind +
                                          " remove the route and add it with the new credential"));
    }
    auto secrets = postgres::open_route_secrets(*sealer, route);
    if (!secrets) return fail(secrets.error());
    std::vector<Secret> next;
    if (!words.drop_old) next.push_back(crypto::format_signing_secret(crypto::random_signing_secret()));
    if (!secrets->empty()) next.push_back(secrets->front());
    const std::string sealed = postgres::seal_route_secrets(*sealer, route.tenant, route.id, next);
    if (Status kept = store.replace_secret(route, sealed); !kept) return fail(kept.error());
    if (words.drop_old) {
      fmt::print("{} signs with its newest secret only\n", route.name);
    } else {
      print_new_secret(next.front());
    }
    return kOk;
  });
}

int show_log(const config::Config& config, const RouteWords& words) {
  return on_route(config, words, [&](pg::Connection& connection, RouteStore&, const NotifyRoute& route) {
    auto lines = postgres::recent_deliveries(connection, route, words.last);
    if (!lines) return fail(lines.error());
    for (const postgres::DeliveryLine& line : *lines) {
      fmt::print("{}  {}  {}  {}{}{}  attempts {}\n", line.created_at, line.what,
                 line.subject.empty() ? "-" : line.subject, line.state,
                 line.resend ? " (sent more than once)" : "", line.reason.empty() ? "" : ": " + line.reason,
                 line.attempts);
    }
    return kOk;
  });
}

}  // namespace

void add_route(Commands& commands) {
  auto& group =
      commands.group("route", "notification routes: add, ls, log, test, mute, unmute, enable, rotate, rm");
  const auto words = std::make_shared<RouteWords>();
  const auto leaf = [&](const char* name, const char* help, auto run) -> CLI::App& {
    auto& made = commands.add(group, name, help,
                              [words, run](const config::Loaded& l) { return run(l.config, *words); });
    auto* tenant = made.add_option("tenant", words->tenant, "slug or id");
    if (std::string_view(name) == "ls") return made;
    tenant->required();
    made.add_option("name", words->name, "name of the route")->required();
    return made;
  };
  add_route_options(leaf("add", "make a route; a webhook's signing secret is shown once", add), *words);
  leaf("ls", "list the routes of a tenant, or all", list);
  leaf("log", "what became of its latest messages", show_log)
      .add_option("--last", words->last, "how many (20)")
      ->check(CLI::Range(1, 10000));
  leaf("test", "send a test message and wait for the outcome", test)
      .add_option("--wait", words->wait_s, "seconds to wait (30)")
      ->check(CLI::Range(1, 3600));
  leaf("mute", "send nothing for a while; events are recorded as skipped",
       [](const config::Config& config, const RouteWords& w) {
         auto until = mute_until(w, SystemClock().now());
         if (!until) return fail(until.error());
         return change(config, w, [&](RouteStore& s, const NotifyRoute& r) { return s.mute(r, *until); });
       })
      .add_option("--for", words->mute_for, "a duration such as 8h; without it: until unmuted");
  leaf("unmute", "send again", [](const config::Config& config, const RouteWords& w) {
    return change(config, w, [](RouteStore& s, const NotifyRoute& r) { return s.mute(r, ""); });
  });
  leaf("enable", "send again by a route that was disabled or whose address unsubscribed",
       [](const config::Config& config, const RouteWords& w) {
         return change(config, w,
                       [&w](RouteStore& s, const NotifyRoute& r) { return s.enable(r, w.resubscribe); });
       })
      .add_flag("--resubscribe", words->resubscribe,
                "also after its address unsubscribed; ask the person first");
  leaf("rotate", "give a webhook a new signing secret; the old one signs, too, until the next rotation",
       rotate)
      .add_flag("--drop-old", words->drop_old, "make no new secret, stop signing with the old one");
  leaf("rm", "remove it; what waits is recorded as skipped",
       [](const config::Config& config, const RouteWords& w) {
         return on_route(config, w, [](pg::Connection&, RouteStore& store, const NotifyRoute& route) {
           if (Status gone = store.remove(route); !gone) return fail(gone.error());
           fmt::print("removed {}\n", route.name);
           return kOk;
         });
       });
}

}  // namespace plumbline::app
