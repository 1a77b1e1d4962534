#include "apps/plumbline/route_words.h"

#include <algorithm>
#include <array>
#include <regex>

#include "core/config/options.h"
#include "core/config/value.h"

namespace plumbline::app {
namespace {

constexpr std::array<std::string_view, 11> kEventTypes = {"drift.opened",
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

Error bad(const std::string& what, const std::string& fix) {
  return poison("bad_route", what + "; " + fix);
}

bool is_url(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         text.find(' ') == std::string_view::npos && text.size() > 10;
}

Status check_address(const RouteWords& words) {
  const std::string& to = words.address;
  if (words.kind == "email" &&
      !std::regex_match(to, std::regex("[^\\s@<>,;:\"]{1,64}@[A-Za-z0-9.-]{1,253}"))) {
    return bad("--to " + to + " is no mail address",
               "write one address such as team@example.com, a route each");
  }
  if (words.kind == "slack_app" && !std::regex_match(to, std::regex("[CGD][A-Z0-9]{2,30}"))) {
    return bad("--to " + to + " is no Slack channel id",
               "copy it from the channel's details in Slack, such as C0123456789");
  }
  if (words.kind == "webhook" && !is_url(to)) {
    return bad("--to " + to + " is no URL", "write one such as https://example.com/hooks/plumbline");
  }
  if (words.kind == "slack_webhook" && is_url(to)) {
    return bad("--to of a Slack webhook is a name for people, for its URL is a secret",
               "write the channel's name here and the URL into a file for --secret-file");
  }
  return ok_status();
}

Status check_events(const std::vector<std::string>& events) {
  for (const std::string& event : events) {
    if (std::find(kEventTypes.begin(), kEventTypes.end(), event) != kEventTypes.end()) continue;
    std::string all;
    for (const auto type : kEventTypes) all += (all.empty() ? "" : ", ") + std::string(type);
    return bad("--event " + event + " is none", "write one of " + all);
  }
  return ok_status();
}

}  // namespace

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ",") + word;
  return all;
}

void add_route_options(CLI::App& leaf, RouteWords& words) {
  leaf.add_option("--kind", words.kind, "slack_webhook, slack_app, email or webhook")
      ->required()
      ->check(CLI::IsMember({"slack_webhook", "slack_app", "email", "webhook"}));
  leaf.add_option("--to", words.address,
                  "channel id (slack_app), mail address, URL (webhook), or a name for people (slack_webhook)")
      ->required();
  leaf.add_option(
      "--secret-file", words.secret_file,
      "file, mode 0600, with the webhook URL (slack_webhook), the bot token (slack_app) or a signing "
      "secret whsec_... (webhook; made when missing)");
  leaf.add_option("--repo", words.repos,
                  "only these repositories; * within a path part, ** across; repeatable");
  leaf.add_option("--event", words.events,
                  "only these types (drift.opened, drift.updated, drift.resolved); * for all; repeatable");
  leaf.add_option("--severity", words.severity_min, "least severity")
      ->check(CLI::IsMember({"info", "low", "medium", "high", "critical"}));
  leaf.add_option("--digest", words.digest, "gather into one message")
      ->check(CLI::IsMember({"none", "hourly", "daily"}));
  leaf.add_option("--digest-hour", words.digest_hour, "local hour of the daily digest (9)")
      ->check(CLI::Range(0, 23));
  leaf.add_option("--time-zone", words.time_zone, "of quiet hours and digests (UTC), such as Europe/Berlin");
  leaf.add_option("--quiet", words.quiet, "local quiet hours, such as 22:00-07:00");
  leaf.add_flag("--critical-waits", words.critical_waits,
                "critical events wait for the end of quiet hours, too");
  leaf.add_flag("--admin", words.admin, "notices about other routes go here");
}

Result<postgres::NotifyRoute> route_of_words(const RouteWords& words) {
  if (Status good = check_address(words); !good) return good.error();
  if (Status good = check_events(words.events); !good) return good.error();
  postgres::NotifyRoute route;
  route.id = Uuid::random();
  route.name = words.name;
  route.kind = words.kind;
  route.address = words.address;
  route.lane = words.kind == "slack_app" ? postgres::lane_of_channel(words.address) : route.id.to_string();
  route.admin = words.admin;
  route.repos = words.repos;
  route.severity_min = words.severity_min;
  if (!words.events.empty()) route.events = words.events;
  route.digest = words.digest;
  route.digest_hour = words.digest_hour;
  route.time_zone = words.time_zone;
  route.critical_passes = !words.critical_waits;
  if (!words.quiet.empty()) {
    std::smatch hours;
    if (!std::regex_match(
            words.quiet, hours,
            std::regex("((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9])"))) {
      return bad("--quiet " + words.quiet + " is no span of hours", "write one such as 22:00-07:00");
    }
    route.quiet_from = hours[1];
    route.quiet_to = hours[2];
  }
  return route;
}

Result<Secret> secret_of_words(const RouteWords& words) {
  if (words.secret_file.empty()) {
    if (words.kind == "slack_webhook" || words.kind == "slack_app") {
      return bad("--secret-file is missing",
                 words.kind == "slack_app" ? "write the app's bot token (xoxb-...) into a file, mode 0600"
                                           : "write the webhook's URL into a file, mode 0600");
    }
    return Secret();
  }
  if (words.kind == "email")
    return bad("--secret-file: mail routes have no secret", "the relay's password is smtp.password_file");
  auto secret = config::read_secret_file(words.secret_file);
  if (!secret) return secret;
  const std::string_view text = secret->reveal();
  if (text.find('\n') != std::string_view::npos) return bad("--secret-file holds several lines", "write one");
  if (words.kind == "slack_webhook" && !is_url(text))
    return bad("--secret-file holds no URL", "write the webhook's URL into it, as Slack shows it");
  if (words.kind == "slack_app" && !text.starts_with("xoxb-"))
    return bad("--secret-file holds no bot token", "write the app's bot token into it; it starts with xoxb-");
  if (words.kind == "webhook" && !text.starts_with("whsec_"))
    return bad("--secret-file holds no signing secret",
               "write whsec_ and base64 into it, or leave the option out: one is made");
  return secret;
}

Result<std::string> mute_until(const RouteWords& words, TimeUs now) {
  if (words.mute_for.empty()) return std::string("infinity");
  const auto length = config::parse_duration(words.mute_for);
  constexpr std::chrono::hours kMost{24 * 3660};
  if (!length || length->count() <= 0 || *length > kMost) {
    return bad("--for " + words.mute_for + " is no duration",
               "write a whole number with m, h or d, such as 8h, up to 3660d");
  }
  return format_rfc3339({now.value + std::chrono::microseconds(*length).count()});
}

}  // namespace plumbline::app
