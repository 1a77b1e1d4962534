// Routes of notifications, by the same store as `plumbline route`.
#include <algorithm>
#include <array>
#include <regex>

#include "console/api/body.h"
#include "console/api/page.h"
#include "console/api/people.h"
#include "console/api/rows.h"
#include "core/codec/json_writer.h"
#include "core/crypto/webhooks.h"
#include "sinks/postgres/notify_routes.h"

namespace plumbline::console {
namespace {

using postgres::NotifyRoute;
using postgres::RouteStore;

#define ROUTE                                                                                        \
  "SELECT r.route_id AS id, r.name, r.kind, r.address, r.admin, r.repos, r.severity_min, r.events, " \
  "r.digest, "                                                                                       \
  "r.digest_hour, r.time_zone, to_char(r.quiet_from, 'HH24:MI') AS quiet_from, to_char(r.quiet_to, " \
  "'HH24:MI') "                                                                                      \
  "AS quiet_to, r.muted_until::text AS muted_until, r.status, r.status_reason, r.failures, "         \
  "r.last_delivered_at, "                                                                            \
  "r.created_at FROM plumbline.notify_routes r "

// $1 key, $2 rows.
constexpr std::string_view kRoutes =
    "SELECT row_to_json(x)::text, x.name FROM (" ROUTE
    ") x WHERE x.name > coalesce($1::text, '') ORDER BY x.name LIMIT $2::int";
constexpr std::string_view kRoute =
    "SELECT row_to_json(x)::text FROM (" ROUTE "WHERE r.route_id = $1::uuid) x";
#undef ROUTE

constexpr std::array<std::string_view, 11> kEvents = {"drift.opened",
                                                      "drift.updated",
                                                      "drift.resolved",
                                                      "gate.failed",
                                                      "gate.recovered",
                                                      "repo.silent",
                                                      "repo.reporting",
                                                      "agent.silent",
                                                      "agent.reporting",
                                                      "policy.changed",
                                                      "*"};

Error wrong(std::string what) {
  return poison("bad_request", std::move(what));
}

bool is_url(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) && text.size() > 10 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Status check_address(const NotifyRoute& route) {
  if (route.kind == "email" && !is_email(route.address))
    return wrong("address must be one mail address such as team@example.com, a route each");
  if (route.kind == "slack_app" && !std::regex_match(route.address, std::regex("[CGD][A-Z0-9]{2,30}")))
    return wrong("address must be a Slack channel id such as C0123456789, from the channel's details");
  if (route.kind == "webhook" && !is_url(route.address))
    return wrong("address must be a URL such as https://example.com/hooks/plumbline");
  if (route.kind == "slack_webhook" && is_url(route.address))
    return wrong("address must be a name for people: the URL of a Slack webhook is its secret");
  return ok_status();
}

Status check_secret(const NotifyRoute& route, std::string_view secret) {
  if (route.kind == "email" && !secret.empty()) return wrong("secret: mail routes have none");
  if (route.kind == "slack_webhook" && !is_url(secret))
    return wrong("secret must be the webhook's URL, as Slack shows it");
  if (route.kind == "slack_app" && !secret.starts_with("xoxb-"))
    return wrong("secret must be the app's bot token; it starts with xoxb-");
  if (route.kind == "webhook" && !secret.empty() && !secret.starts_with("whsec_"))
    return wrong("secret must start with whsec_; leave it out to have one made");
  if (secret.find_first_of("\r\n") != std::string_view::npos) return wrong("secret must be one line");
  return ok_status();
}

Status read_quiet(const std::string& text, NotifyRoute& route) {
  if (text.empty()) return ok_status();
  std::smatch hours;
  const std::regex span("((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9])");
  if (!std::regex_match(text, hours, span) || hours[1] == hours[2])
    return wrong("quiet must be a span of hours such as 22:00-07:00");
  route.quiet_from = hours[1];
  route.quiet_to = hours[2];
  return ok_status();
}

// Takes each member that is there; the first that is wrong ends it.
Result<NotifyRoute> route_of(const Body& body) {
  NotifyRoute route;
  route.id = Uuid::random();
  Status failed = ok_status();
  const auto take = [&failed](auto value, auto& into) {
    if (!value) {
      if (failed) failed = value.error();
    } else {
      into = std::move(*value);
    }
  };
  std::string quiet;
  std::int64_t hour = 9;
  std::vector<std::string> events;
  take(body.text("name", 1, 63), route.name);
  take(body.word_or("kind", "", {"slack_webhook", "slack_app", "email", "webhook"}), route.kind);
  take(body.text("address", 1, 2000), route.address);
  take(body.texts("repos", 100, 200), route.repos);
  take(body.texts("events", 20, 40), events);
  take(body.word_or("severity_min", "info", {"info", "low", "medium", "high", "critical"}),
       route.severity_min);
  take(body.word_or("digest", "none", {"none", "hourly", "daily"}), route.digest);
  take(body.integer_or("digest_hour", 9, 0, 23), hour);
  take(body.text_or("time_zone", "UTC", 64), route.time_zone);
  take(body.text_or("quiet", "", 11), quiet);
  take(body.boolean_or("admin", false), route.admin);
  if (!failed) return failed.error();
  route.digest_hour = static_cast<std::int32_t>(hour);
  if (!std::regex_match(route.name, std::regex("[a-z0-9][a-z0-9._-]{0,62}")))
    return wrong("name must be of a-z, 0-9, '.', '_' and '-', and start with a letter or digit");
  for (const std::string& event : events) {
    if (std::find(kEvents.begin(), kEvents.end(), event) == kEvents.end())
      return wrong("events must be of drift.*, gate.*, repo.*, agent.*, policy.changed, or *");
  }
  if (!events.empty()) route.events = std::move(events);
  if (Status good = check_address(route); !good) return good.error();
  if (Status good = read_quiet(quiet, route); !good) return good.error();
  route.lane = route.kind == "slack_app" ? postgres::lane_of_channel(route.address) : route.id.to_string();
  return route;
}

// A route of this tenant by id; another's is as if it were not there.
Result<NotifyRoute> own_route(Ask& ask, RouteStore& store) {
  const auto id = Uuid::parse(ask.parts[0]);
  auto all = store.list(ask.scope.tenant);
  if (!all) return all.error();
  for (NotifyRoute& route : *all) {
    if (id && route.id == *id) return std::move(route);
  }
  return poison("not_found", "there is no such route");
}

}  // namespace

Reply list_routes(Ask& ask) {
  auto page = page_of(ask.call, 1);
  if (!page) return page.error();
  return answer_page(ask, *page, 1, kRoutes, {});
}

Reply add_route(Ask& ask) {
  auto body = Body::read(ask.call, {"name", "kind", "address", "secret", "repos", "events", "severity_min",
                                    "digest", "digest_hour", "time_zone", "quiet", "admin"});
  if (!body) return body.error();
  auto route = route_of(*body);
  if (!route) return route.error();
  auto given = body->text_or("secret", "", 2000);
  if (!given) return given.error();
  Secret secret(std::move(*given));
  if (Status good = check_secret(*route, secret.reveal()); !good) return good.error();
  auto control = ask.database.control();
  if (!control) return control.error();
  auto zone = postgres::is_time_zone(**control, route->time_zone);
  if (!zone) return zone.error();
  if (!*zone) return wrong("time_zone must be an IANA name such as Europe/Berlin");
  route->tenant = ask.scope.tenant;
  const bool made = route->kind == "webhook" && secret.empty();
  if (made) secret = crypto::format_signing_secret(crypto::random_signing_secret());
  if (!secret.empty())
    route->sealed_secret =
        postgres::seal_route_secrets(ask.service.sealer, route->tenant, route->id, {secret});
  auto added = RouteStore(**control, ask.caller.email).add(*route);
  if (!added && added.error().code == "route_exists")
    return poison("conflict", "there is a route of that name; choose another");
  if (!added && added.error().code == "bad_route") return wrong(added.error().message);
  if (!added) return added.error();
  auto shown = one_json(ask, kRoute, {route->id.to_string()});
  if (!shown) return shown.error();
  std::string out = "{\"route\":" + shown->value_or("null") + ",\"secret\":";
  codec::JsonWriter writer(out);
  if (made) {
    writer.text(secret.reveal());
  } else {
    writer.null();
  }
  Answer answer = json(out + "}", 201);
  answer.fields = "Cache-Control: no-store\r\n";
  return std::optional(std::move(answer));
}

Reply remove_route(Ask& ask) {
  auto control = ask.database.control();
  if (!control) return control.error();
  RouteStore store(**control, ask.caller.email);
  auto route = own_route(ask, store);
  if (!route) return route.error();
  if (Status gone = store.remove(*route); !gone) return gone.error();
  return std::optional(no_content());
}

Reply test_route(Ask& ask) {
  auto control = ask.database.control();
  if (!control) return control.error();
  RouteStore store(**control, ask.caller.email);
  auto route = own_route(ask, store);
  if (!route) return route.error();
  auto delivery = store.test(*route, ask.service.clock.now());
  if (!delivery) return delivery.error();
  std::string out;
  codec::JsonWriter(out).open_object().member("delivery_id", delivery->to_string()).close_object();
  return std::optional(json(std::move(out), 202));
}

}  // namespace plumbline::console
