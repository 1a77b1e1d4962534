#include "sinks/slack/slack.h"

#include <algorithm>
#include <array>

#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"

namespace plumbline::slack {
namespace {

using channel::Delivered;
using channel::Message;
using channel::Outcome;
using channel::Rejected;
using channel::Retry;
using channel::Unknown;
using transfer::Fate;
using transfer::HttpResponse;

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Nothing sent to this channel with this token will arrive (docs.slack.dev, chat.postMessage and chat.update,
// "Errors").
constexpr std::array<std::string_view, 19> kGone = {"channel_not_found",
                                                    "is_archived",
                                                    "not_in_channel",
                                                    "invalid_auth",
                                                    "not_authed",
                                                    "account_inactive",
                                                    "token_revoked",
                                                    "token_expired",
                                                    "no_permission",
                                                    "missing_scope",
                                                    "org_login_required",
                                                    "ekm_access_denied",
                                                    "team_access_not_granted",
                                                    "access_denied",
                                                    "restricted_action",
                                                    "restricted_action_read_only_channel",
                                                    "not_allowed_token_type",
                                                    "enterprise_is_restricted",
                                                    "channel_is_archived"};
// Certainly not done, later perhaps.
constexpr std::array<std::string_view, 5> kLater = {"ratelimited", "rate_limited", "service_unavailable",
                                                    "team_added_to_org", "accesslimited"};
// "It's possible some aspect of the operation succeeded before the error was raised."
constexpr std::array<std::string_view, 3> kMaybe = {"internal_error", "fatal_error", "request_timeout"};
// The message can't be edited any more: a new one tells the news.
constexpr std::array<std::string_view, 4> kNotEditable = {"message_not_found", "cant_update_message",
                                                          "edit_window_closed", "update_failed"};

std::string named(std::string_view what, std::string_view error) {
  std::string text(what);
  text += ": ";
  // Slack's words only; what else a server answers is not ours to repeat.
  const bool word = error.size() <= 64 && error.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") ==
                                              std::string_view::npos;
  return text += word ? error : "an answer that is not Slack's";
}

// What did not come to an answer of Slack's own; nullopt: it did, with a status below 500.
std::optional<Outcome> transport_outcome(const HttpResponse& response) {
  switch (response.fate) {
    case Fate::kForbidden:
      return Rejected{response.error, true};
    case Fate::kNotSent:
      return Retry{response.error};
    case Fate::kUnknown:
      return Unknown{response.error};
    case Fate::kAnswered:
      break;
  }
  const std::string status = "Slack answered " + std::to_string(response.status);
  if (response.status == 429) return Retry{status + ", too many messages", response.retry_after};
  if (response.status == 503) return Retry{status, response.retry_after};
  if (response.status >= 500) return Unknown{status};
  return std::nullopt;
}

}  // namespace

Outcome SlackChannel::send(const Message& message, std::chrono::steady_clock::time_point deadline) {
  if (message.to.secrets.empty()) return Rejected{"the route has no secret", true};
  return message.to.kind == channel::Kind::kSlackApp ? send_app(message, deadline)
                                                     : send_webhook(message, deadline);
}

Outcome SlackChannel::send_webhook(const Message& message, std::chrono::steady_clock::time_point deadline) {
  const HttpResponse response = client_.post({.url = std::string(message.to.secrets.front().reveal()),
                                              .headers = {"Content-Type: application/json; charset=utf-8"},
                                              .body = "{" + message_members(message) + "}"},
                                             deadline);
  if (auto outcome = transport_outcome(response)) return *std::move(outcome);
  if (response.status == 200) return Delivered{};
  const bool gone = response.status == 403 || response.status == 404 || response.status == 410;
  return Rejected{named("Slack answered " + std::to_string(response.status), response.body), gone};
}

Outcome SlackChannel::send_app(const Message& message, std::chrono::steady_clock::time_point deadline) {
  std::string body;
  codec::JsonWriter out(body);
  const std::string_view ref = message.thread ? std::string_view(message.previous_ref) : std::string_view{};
  const std::size_t colon = ref.find(':');
  if (colon != std::string_view::npos) {
    out.open_object().member("channel", ref.substr(0, colon)).member("ts", ref.substr(colon + 1));
    body += "," + message_members(message) + "}";
    Outcome outcome = call("chat.update", message, body, deadline);
    const auto* rejected = std::get_if<Rejected>(&outcome);
    const bool lost =
        rejected != nullptr && std::any_of(kNotEditable.begin(), kNotEditable.end(),
                                           [&](auto word) { return rejected->reason.ends_with(word); });
    if (!lost) return outcome;
    body.clear();
  }
  codec::JsonWriter fresh(body);
  fresh.open_object().member("channel", message.to.address).key("unfurl_links").boolean(false);
  body += "," + message_members(message) + "}";
  return call("chat.postMessage", message, body, deadline);
}

Outcome SlackChannel::call(const char* method, const Message& message, const std::string& body,
                           std::chrono::steady_clock::time_point deadline) {
  const HttpResponse response =
      client_.post({.url = api_url_ + "/" + method,
                    .headers = {"Content-Type: application/json; charset=utf-8",
                                "Authorization: Bearer " + std::string(message.to.secrets.front().reveal())},
                    .body = body,
                    .trusted = true},
                   deadline);
  if (auto outcome = transport_outcome(response)) return *std::move(outcome);
  const auto answer = codec::JsonValue::parse(response.body);
  if (!answer) return Unknown{std::string("Slack's answer to ") + method + " is no JSON"};
  if ((*answer)["ok"].boolean() == true) {
    const std::string_view channel = (*answer)["channel"].text(), ts = (*answer)["ts"].text();
    return Delivered{channel.empty() || ts.empty() ? message.previous_ref
                                                   : std::string(channel) + ":" + std::string(ts)};
  }
  const std::string_view error = (*answer)["error"].text();
  const std::string reason = named(method, error);
  if (among(kLater, error)) return Retry{reason, response.retry_after};
  if (among(kMaybe, error)) return Unknown{reason};
  return Rejected{reason, among(kGone, error)};
}

}  // namespace plumbline::slack
