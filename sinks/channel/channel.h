// The seam between the notify consumer and the ways a message can leave: sinks/slack, sinks/email and
// sinks/webhook each implement Channel. notify decides what is sent to whom, when and how often; a channel
// words it, sends it once and says truthfully what became of it.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/ids.h"
#include "core/secret.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::channel {

// How a route sends.
enum class Kind : std::uint8_t { kSlackWebhook, kSlackApp, kEmail, kWebhook };

// As in tables, commands and metric labels: slack_webhook, slack_app, email, webhook.
[[nodiscard]] std::string_view word(Kind kind);
[[nodiscard]] std::optional<Kind> parse_kind(std::string_view word);

enum class Severity : std::uint8_t { kInfo, kLow, kMedium, kHigh, kCritical };

[[nodiscard]] std::string_view word(Severity severity);
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view word);

struct Violation {
  std::string id;
  std::string title;
  std::string severity;
  std::vector<std::string> files;
};

// The last passing report, or the state before.
struct Previous {
  std::string report_id;
  std::string commit;
  std::string version;
  std::optional<TimeUs> time;
};

struct PolicyChange {
  std::string from;
  std::string to;
};

// A record of drift.v1 (schemas/topics/drift.v1.json), typed. Texts are UTF-8 of people and machines that are
// not trusted: a channel escapes them for its medium and cuts them to its limits. Empty text: not there.
struct Event {
  Uuid id;
  std::string type;  // drift.opened, drift.updated, drift.resolved, gate.failed, repo.silent, ...
  TenantId tenant;
  TimeUs time;         // when it happened
  TimeUs recorded_at;  // when it was found
  bool notify = false;
  Severity severity = Severity::kInfo;
  std::string repo;
  std::string branch;
  std::string agent;
  std::optional<Uuid> drift_id;
  std::optional<Uuid> incident_id;  // flapping drifts share one
  std::optional<Uuid> report_id;
  std::string commit;
  std::string version;
  std::optional<Previous> previous;
  std::optional<TimeUs> passing_since;
  std::string summary;                // one line
  std::vector<Violation> violations;  // new since the last passing report, at most 20
  std::int64_t violations_total = 0;  // may be more than listed
  std::optional<PolicyChange> policy;
  std::optional<TimeUs> silent_since;
};

// Where a message goes. What the two texts mean depends on the kind:
//   slack_webhook  address: a name for people;   secrets[0]: the webhook's URL (it is the credential)
//   slack_app      address: channel id (C0123);  secrets[0]: bot token (xoxb-...)
//   email          address: one mail address;    no secrets (the relay is the installation's)
//   webhook        address: URL;                 secrets: whsec_..., newest first; sign with each of them
struct Destination {
  Kind kind = Kind::kWebhook;
  std::string address;
  std::vector<Secret> secrets;
};

enum class Content : std::uint8_t {
  kEvent,   // exactly one event
  kDigest,  // one or more events gathered over `digest_period`, oldest first
  kTest,    // `plumbline route test`: no events, notice says what it is
  kNotice,  // about a route, to the tenant's admins: no events, notice only
};

struct Notice {
  std::string title;
  std::string text;  // lines
};

// One message. Everything is owned or lives until send returns.
struct Message {
  Content content = Content::kEvent;
  Uuid delivery;             // the same in every attempt: Message-ID, webhook-id
  std::int32_t attempt = 1;  // from 1
  bool resend = false;       // an earlier attempt may have arrived: say so, visibly, in the message
  TenantId tenant;
  std::string tenant_name;  // for people
  Uuid route;
  std::string route_name;
  Destination to;
  std::vector<Event> events;
  std::int64_t events_total = 0;  // of a digest: may be more than are listed
  std::string digest_period;      // "hourly", "daily"
  std::optional<Notice> notice;
  std::optional<Uuid> thread;  // incident: messages of one belong together
  // External references (Outcome) of earlier messages of this route and incident; empty: there are none.
  std::string first_ref;        // of the first: root of a mail thread
  std::string previous_ref;     // of the latest: the Slack message to edit, the mail to answer
  std::string unsubscribe_url;  // email: takes the one-click POST of RFC 8058; empty: none
  std::string console_url;      // page about it; empty: none
};

// What became of one attempt.
struct Delivered {
  std::string external_ref;  // slack_app: "channel:ts"; email: the Message-ID; else may be empty
};
// Certainly not delivered; may be later. `after`: what the other side asked for (Retry-After).
struct Retry {
  std::string reason;
  std::optional<std::chrono::milliseconds> after = {};
};
// Will never be taken. `gone`: nor will any other message to this destination (410, token revoked, no such
// channel, address forbidden by the guard): the route is disabled at once.
struct Rejected {
  std::string reason;
  bool gone = false;
};
// It was (or may have been) handed over and no answer came: it may have arrived.
struct Unknown {
  std::string reason;
};
// Reasons are one line for operators, without secrets, payloads or the webhook's URL.
using Outcome = std::variant<Delivered, Retry, Rejected, Unknown>;

// Not thread-safe: one thread at a time (notify makes a set for each of its sender threads). Keeps
// connections between calls. Never throws, never waits past the deadline by more than scheduling takes; no
// retry of its own beyond opening a connection anew when nothing had been sent on it.
class Channel {
 public:
  virtual ~Channel() = default;
  // Precondition: message.to.kind is one this channel serves; content and events fit together as above.
  [[nodiscard]] virtual Outcome send(const Message& message,
                                     std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace plumbline::channel
