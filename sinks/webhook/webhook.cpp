#include "sinks/webhook/webhook.h"

#include "core/codec/json_writer.h"
#include "core/crypto/hmac.h"
#include "core/crypto/webhooks.h"

namespace plumbline::webhook {
namespace {

using channel::Message;
using channel::Outcome;
using codec::JsonWriter;
using transfer::Fate;

void text(JsonWriter& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out.member(name, value);
}

void id(JsonWriter& out, std::string_view name, const std::optional<Uuid>& value) {
  if (value) out.member(name, value->to_string());
}

void write(JsonWriter& out, const channel::Event& event) {
  out.open_object().member("id", event.id.to_string()).member("type", event.type);
  out.member("time", format_rfc3339(event.time)).member("recorded_at", format_rfc3339(event.recorded_at));
  out.member("severity", word(event.severity));
  text(out, "repo", event.repo);
  text(out, "branch", event.branch);
  text(out, "agent", event.agent);
  id(out, "drift_id", event.drift_id);
  id(out, "incident_id", event.incident_id);
  id(out, "report_id", event.report_id);
  text(out, "commit", event.commit);
  text(out, "version", event.version);
  if (event.previous) {
    out.key("previous").open_object();
    text(out, "report_id", event.previous->report_id);
    text(out, "commit", event.previous->commit);
    text(out, "version", event.previous->version);
    if (event.previous->time) out.member("time", format_rfc3339(*event.previous->time));
    out.close_object();
  }
  if (event.passing_since) out.member("passing_since", format_rfc3339(*event.passing_since));
  text(out, "summary", event.summary);
  out.key("violations").open_array();
  for (const channel::Violation& violation : event.violations) {
    out.open_object().member("id", violation.id).member("title", violation.title);
    out.member("severity", violation.severity).key("files").open_array();
    for (const std::string& file : violation.files) out.text(file);
    out.close_array().close_object();
  }
  out.close_array().member("violations_total", event.violations_total);
  if (event.policy) {
    out.key("policy")
        .open_object()
        .member("from", event.policy->from)
        .member("to", event.policy->to)
        .close_object();
  }
  if (event.silent_since) out.member("silent_since", format_rfc3339(*event.silent_since));
  out.close_object();
}

std::string_view type_of(const Message& message) {
  switch (message.content) {
    case channel::Content::kDigest:
      return "digest";
    case channel::Content::kTest:
      return "test";
    case channel::Content::kNotice:
      return "notice";
    case channel::Content::kEvent:
      break;
  }
  return message.events.empty() ? std::string_view("event") : std::string_view(message.events.front().type);
}

}  // namespace

std::string body_of(const Message& message) {
  std::string body;
  JsonWriter out(body);
  out.open_object().member("type", type_of(message)).key("resend").boolean(message.resend);
  out.member("attempt", message.attempt).member("tenant", message.tenant.value.to_string());
  out.member("route", message.route_name);
  if (message.notice) {
    out.key("notice")
        .open_object()
        .member("title", message.notice->title)
        .member("text", message.notice->text);
    out.close_object();
  }
  if (message.content == channel::Content::kDigest) out.member("events_total", message.events_total);
  out.key("events").open_array();
  for (const channel::Event& event : message.events) write(out, event);
  out.close_array().close_object();
  return body;
}

Outcome WebhookChannel::send(const Message& message, std::chrono::steady_clock::time_point deadline) {
  const std::string body = body_of(message), delivery = message.delivery.to_string();
  const std::int64_t timestamp_s = clock_.now().value / 1000000;
  std::string signatures;
  for (const Secret& secret : message.to.secrets) {
    const auto bytes = crypto::parse_signing_secret(secret.reveal());
    if (!bytes) continue;
    if (!signatures.empty()) signatures += ' ';
    signatures += crypto::sign(crypto::HmacKey(bytes->reveal()), delivery, timestamp_s, body);
  }
  if (signatures.empty()) return channel::Rejected{"the route has no signing secret that can be used", true};
  const auto response = client_.post(
      {.url = message.to.address,
       .headers = {"Content-Type: application/json", "webhook-id: " + delivery,
                   "webhook-timestamp: " + std::to_string(timestamp_s), "webhook-signature: " + signatures},
       .body = body},
      deadline);
  const std::string status = "the receiver answered " + std::to_string(response.status);
  switch (response.fate) {
    case Fate::kForbidden:
      return channel::Rejected{response.error, true};
    case Fate::kNotSent:
      return channel::Retry{response.error};
    case Fate::kUnknown:
      return channel::Unknown{response.error};
    case Fate::kAnswered:
      break;
  }
  if (response.status >= 200 && response.status < 300) return channel::Delivered{};
  if (response.status == 410) return channel::Rejected{status, true};
  if (response.status >= 500 && response.status != 503) return channel::Unknown{status};
  return channel::Retry{status, response.retry_after};
}

}  // namespace plumbline::webhook
