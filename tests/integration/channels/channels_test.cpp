// The ways a message leaves, each against the other end: a Slack that enforces the documented limits, a real
// SMTP server, a receiver that checks with the stock standardwebhooks package.
#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "core/codec/json_value.h"
#include "core/crypto/webhooks.h"
#include "sinks/email/email.h"
#include "sinks/slack/slack.h"
#include "sinks/webhook/webhook.h"
#include "tests/support/fakes.h"

namespace plumbline::tests {
namespace {

using namespace std::chrono_literals;
using channel::Delivered;
using channel::Message;
using channel::Outcome;
using channel::Rejected;
using channel::Retry;
using channel::Unknown;
using codec::JsonValue;

Uuid uuid_of(std::uint8_t number) {
  Uuid id;
  id.bytes[15] = number;
  return id;
}

Message drift(channel::Kind kind, const std::string& type = "drift.opened") {
  channel::Event event;
  event.id = uuid_of(9);
  event.type = type;
  event.time = {1795255105000000};
  event.recorded_at = event.time;
  event.severity = channel::Severity::kHigh;
  event.repo = "acme/app";
  event.branch = "main";
  event.commit = "0123456789abcdef0123456789abcdef01234567";
  event.version = "7.3.0";
  event.incident_id = uuid_of(7);
  event.passing_since = TimeUs{event.time.value - 3 * 86400000000};
  event.summary = "core imports <!channel> & more";
  event.violations = {{"ARCH_BOUNDARY", "Architectural Violation", "high", {"src/internal/Subject.ts"}}};
  event.violations_total = 3;
  Message message;
  message.delivery = uuid_of(5);
  message.tenant = {uuid_of(1)};
  message.tenant_name = "Acme";
  message.route_name = "team";
  message.to.kind = kind;
  message.events = {event};
  message.events_total = 1;
  message.thread = event.incident_id;
  return message;
}

auto soon() {
  return std::chrono::steady_clock::now() + 20s;
}

std::string fetch(const std::string& url) {
  // POST is all the client speaks; reading is the test's own, by Python's urllib.
  return run_script("fetch.py", {url});
}

class SlackTest : public testing::Test {
 protected:
  Message app(const std::string& type = "drift.opened") {
    Message message = drift(channel::Kind::kSlackApp, type);
    message.to.address = "C0123456789";
    message.to.secrets = {Secret("xoxb-fake")};
    return message;
  }
  Outcome send(const Message& message) { return channel_.send(message, soon()); }
  void fault(const std::string& mode, int times = 1) {
    transfer::HttpClient client{{}};
    const auto done =
        client.post({.url = slack_.url("/faults"),
                     .headers = {},
                     .body = R"({"mode":")" + mode + R"(","times":)" + std::to_string(times) + "}",
                     .trusted = true},
                    soon());
    ASSERT_EQ(done.status, 200);
  }
  std::vector<JsonValue> messages() { return JsonValue::parse(fetch(slack_.url("/messages")))->items(); }

  Fake slack_{"slack.py", {"--rate", "0"}};
  slack::SlackChannel channel_{slack_.url("/api"), transfer::Guard::of("", "127.0.0.1")};
};

template <class T>
const T& as(const Outcome& outcome) {
  const T* found = std::get_if<T>(&outcome);
  if (found == nullptr) {
    std::string is = "delivered";
    if (const auto* retry = std::get_if<Retry>(&outcome)) is = "retry: " + retry->reason;
    if (const auto* rejected = std::get_if<Rejected>(&outcome)) is = "rejected: " + rejected->reason;
    if (const auto* unknown = std::get_if<Unknown>(&outcome)) is = "unknown: " + unknown->reason;
    throw std::runtime_error("the outcome is another: " + is);
  }
  return *found;
}

TEST_F(SlackTest, OneMessageIsEditedThroughToResolved) {
  const std::string ref = as<Delivered>(send(app())).external_ref;
  EXPECT_TRUE(ref.starts_with("C0123456789:")) << ref;
  Message resolved = app("drift.resolved");
  resolved.first_ref = resolved.previous_ref = ref;
  EXPECT_EQ(as<Delivered>(send(resolved)).external_ref, ref);
  const auto all = messages();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["edits"].number(), 1);
  EXPECT_NE(all[0]["history"].at(0).text().find("Drift in acme/app (main): 3 new layer violations"),
            std::string::npos);
  EXPECT_NE(all[0]["text"].text().find("Resolved: drift in acme/app (main)"), std::string::npos);
  resolved.previous_ref = "C0123456789:1.1";  // deleted by somebody
  EXPECT_NE(as<Delivered>(send(resolved)).external_ref, "C0123456789:1.1");
  EXPECT_EQ(messages().size(), 2U) << "what can't be edited is told anew";
}

TEST_F(SlackTest, FaultsHaveTheirTrueOutcomes) {
  fault("error:ratelimited");
  EXPECT_NO_THROW(as<Retry>(send(app())));
  fault("unavailable_503");
  EXPECT_EQ(as<Retry>(send(app())).after, 1s);
  fault("error_500");
  EXPECT_NO_THROW(as<Unknown>(send(app())));
  fault("error:internal_error");
  EXPECT_NO_THROW(as<Unknown>(send(app())));
  fault("error:channel_not_found");
  EXPECT_TRUE(as<Rejected>(send(app())).gone);
  fault("error:invalid_blocks");
  EXPECT_FALSE(as<Rejected>(send(app())).gone);
  fault("cut_after");
  EXPECT_NO_THROW(as<Unknown>(send(app())));
  EXPECT_EQ(messages().size(), 1U) << "it had arrived";
  fault("slow");
  EXPECT_NO_THROW(as<Unknown>(channel_.send(app(), std::chrono::steady_clock::now() + 500ms)));
  Message wrong = app();
  wrong.to.secrets = {Secret("xoxb-other")};
  EXPECT_TRUE(as<Rejected>(send(wrong)).gone);
  slack_.process().kill9();
  EXPECT_NO_THROW(as<Retry>(send(app()))) << "nobody listens: it never left";
}

TEST_F(SlackTest, TooManyMessagesAreAnsweredWithAPause) {
  const Fake strict("slack.py");
  slack::SlackChannel channel(strict.url("/api"), {});
  as<Delivered>(channel.send(app(), soon()));
  EXPECT_EQ(as<Retry>(channel.send(app(), soon())).after, 1s);
}

TEST_F(SlackTest, AWebhookIsGuardedAgainstReachingInside) {
  Message message = drift(channel::Kind::kSlackWebhook);
  message.to.secrets = {Secret(slack_.url("/services/T/B/x"))};
  as<Delivered>(send(message));
  slack::SlackChannel guarded(slack_.url("/api"), {});
  const auto refused = as<Rejected>(guarded.send(message, soon()));
  EXPECT_TRUE(refused.gone);
  EXPECT_EQ(refused.reason.find("/services"), std::string::npos) << "the URL is the credential";
  // A public-looking name that resolves inside is caught where it is dialled.
  message.to.secrets = {Secret("https://localhost:" + std::to_string(slack_.port()) + "/services/T/B/x")};
  EXPECT_TRUE(as<Rejected>(guarded.send(message, soon())).gone);
  EXPECT_EQ(messages().size(), 1U);
}

std::string hostile(std::mt19937& random, std::size_t most) {
  static const std::vector<std::string> kPieces = {
      "<!channel>", "&amp;",  "<https://x|y>", "*",  "`",  "\n",  "\r\n",  "\0x", "\xff\xfe", "\U0001F4A5",
      "\u00fc",     "\u202e", "=?UTF-8?B?",    "\"", "\\", "]]>", "</td>", ".",   "a"};
  std::string text;
  for (auto left = random() % most; left > 0; --left) text += kPieces[random() % kPieces.size()];
  return text;
}

Message hostile_message(std::mt19937& random, Message message) {
  channel::Event& event = message.events.front();
  for (std::string* text : {&event.repo, &event.branch, &event.commit, &event.version, &event.summary,
                            &message.tenant_name, &message.route_name})
    *text = hostile(random, 2000);
  event.violations.clear();
  for (auto left = random() % 40; left > 0; --left)
    event.violations.push_back(
        {hostile(random, 300), hostile(random, 2000), "high", {hostile(random, 500), "x"}});
  event.violations_total =
      static_cast<std::int64_t>(event.violations.size()) + static_cast<std::int64_t>(random() % 1000);
  message.resend = random() % 2 == 0;
  if (random() % 4 == 0) {
    message.content = channel::Content::kDigest;
    message.events.resize(1 + random() % 100, event);
  }
  return message;
}

TEST_F(SlackTest, EveryMessageThatCanBeMadeIsWithinSlacksLimits) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 150; ++round)
    ASSERT_NO_THROW(as<Delivered>(send(hostile_message(random, app())))) << "round " << round;
}

class MailTest : public testing::Test {
 protected:
  Message mail(const std::string& type = "drift.opened") {
    Message message = drift(channel::Kind::kEmail, type);
    message.to.address = "team@acme.example";
    message.unsubscribe_url = "https://plumbline.example/unsubscribe/abc_DEF-1";
    return message;
  }
  email::EmailChannel channel(int port, const std::string& from = "Pl\u00fcmbline <plumbline@hub.example>") {
    transfer::Relay relay;
    relay.url = "smtp://127.0.0.1:" + std::to_string(port);
    relay.tls = transfer::SmtpTls::kNone;
    return email::EmailChannel(std::move(relay), from, clock_);
  }
  JsonValue read(int number) {
    const auto path = smtp_.folder() / "mails" / ("000" + std::to_string(number) + ".eml");
    return *JsonValue::parse(run_script("read_mail.py", {path.string()}));
  }

  SystemClock clock_;
  Fake smtp_{"mail.py"};
};

TEST_F(MailTest, ARealServerTakesItAndPythonReadsIt) {
  auto sender = channel(smtp_.port());
  const std::string ref = as<Delivered>(sender.send(mail(), soon())).external_ref;
  EXPECT_EQ(ref, "<00000000-0000-0000-0000-000000000005@hub.example>");
  Message next = mail("drift.resolved");
  next.delivery = uuid_of(6);
  next.first_ref = next.previous_ref = ref;
  next.resend = true;
  as<Delivered>(sender.send(next, soon()));
  const JsonValue first = read(1), second = read(2);
  const JsonValue& headers = first["headers"];
  EXPECT_EQ(first["defects"].items().size(), 0U);
  EXPECT_EQ(headers["Message-ID"].text(), ref);
  EXPECT_EQ(headers["Subject"].text(), "Drift in acme/app (main): 3 new layer violations");
  EXPECT_EQ(headers["From"].text(), "Pl\u00fcmbline <plumbline@hub.example>");
  EXPECT_EQ(headers["To"].text(), "team@acme.example");
  EXPECT_EQ(headers["List-Unsubscribe"].text(), "<https://plumbline.example/unsubscribe/abc_DEF-1>");
  EXPECT_EQ(headers["List-Unsubscribe-Post"].text(), "List-Unsubscribe=One-Click");
  EXPECT_EQ(headers["Auto-Submitted"].text(), "auto-generated");
  EXPECT_EQ(first["types"].items().size(), 2U);
  EXPECT_NE(first["text"].text().find("src/internal/Subject.ts"), std::string::npos);
  EXPECT_NE(first["text"].text().find("Passed before for: 3 days"), std::string::npos);
  EXPECT_NE(first["html"].text().find("core imports &lt;!channel&gt; &amp; more"), std::string::npos);
  EXPECT_EQ(second["headers"]["In-Reply-To"].text(), ref);
  EXPECT_EQ(second["headers"]["References"].text(), ref);
  EXPECT_TRUE(second["headers"]["Subject"].text().starts_with("[sent again] Resolved"))
      << "a repetition is said";
}

TEST_F(MailTest, RepliesOfTheRelayHaveTheirTrueOutcomes) {
  auto sender = channel(smtp_.port());
  Message message = mail();
  message.to.address = "refuse@acme.example";
  EXPECT_TRUE(as<Rejected>(sender.send(message, soon())).gone);
  message.to.address = "later@acme.example";
  EXPECT_NO_THROW(as<Retry>(sender.send(message, soon())));
  message.to.address = "team@acme.example";
  EXPECT_NO_THROW(as<Retry>(channel(smtp_.port(), "stranger@hub.example").send(message, soon())))
      << "a refused sender is the installation's to mend: the mail waits";
  message.content = channel::Content::kTest;
  message.notice = channel::Notice{"refuse-content", ""};
  EXPECT_FALSE(as<Rejected>(sender.send(message, soon())).gone) << "this mail is refused, not its recipient";
  message.to.address = "a@b.example>\r\nRCPT TO:<other@acme.example";
  EXPECT_TRUE(as<Rejected>(sender.send(message, soon())).gone);
  smtp_.process().kill9();
  EXPECT_NO_THROW(as<Retry>(sender.send(mail(), soon())));
}

TEST_F(MailTest, NothingBreaksOutOfAMail) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  auto sender = channel(smtp_.port());
  for (int round = 1; round <= 6; ++round) {
    as<Delivered>(sender.send(hostile_message(random, mail()), soon()));
    const JsonValue got = read(round);
    EXPECT_EQ(got["defects"].items().size(), 0U);
    EXPECT_EQ(got["types"].items().size(), 2U);
    EXPECT_EQ(got["headers"].members().size(), 10U) << "no header more";
    EXPECT_LE(got["longest_line"].number(), 998);
  }
}

// An outage of the public address of a host must not look like a host that is inside.
TEST(WebhookTest, ABlockedAddressBesideOneThatIsDownIsNoReasonToGiveUp) {
  const SystemClock clock;
  // localhost is ::1 and 127.0.0.1: the latter is allowed here, and nobody listens on it.
  webhook::WebhookChannel sender(transfer::Guard::of("", "127.0.0.1"), clock);
  Message message = drift(channel::Kind::kWebhook);
  message.to.secrets = {crypto::format_signing_secret(crypto::random_signing_secret())};
  message.to.address = "https://localhost:" + std::to_string(test::free_port()) + "/hook";
  EXPECT_NO_THROW(as<Retry>(sender.send(message, soon())));
}

TEST(WebhookTest, TheStockReceiverVerifiesItAndStatusesHaveTheirOutcomes) {
  const Secret secret = crypto::format_signing_secret(crypto::random_signing_secret());
  const Secret older = crypto::format_signing_secret(crypto::random_signing_secret());
  const Fake receiver("webhook.py", {"--secret", std::string(older.reveal())});
  const SystemClock clock;
  webhook::WebhookChannel sender(transfer::Guard::of("", "127.0.0.1"), clock);
  Message message = drift(channel::Kind::kWebhook);
  message.to.secrets = {secret, older};  // a rotation: the receiver still knows the older one
  message.to.address = receiver.url("/hook");
  EXPECT_NO_THROW(as<Delivered>(sender.send(message, soon())));
  const auto all = JsonValue::parse(fetch(receiver.url("/received")))->items();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["verified"].boolean(), true);
  EXPECT_EQ(all[0]["signatures"].number(), 2);
  EXPECT_EQ(all[0]["id"].text(), message.delivery.to_string());
  EXPECT_EQ(all[0]["body"]["type"].text(), "drift.opened");
  EXPECT_EQ(all[0]["body"]["events"].at(0)["violations"].at(0)["files"].at(0).text(),
            "src/internal/Subject.ts");
  const auto outcome = [&](int status) {
    message.to.address = receiver.url("/status/" + std::to_string(status));
    return sender.send(message, soon());
  };
  EXPECT_TRUE(as<Rejected>(outcome(410)).gone);
  EXPECT_EQ(as<Retry>(outcome(429)).after, 7s);
  EXPECT_NO_THROW(as<Retry>(outcome(404)));
  EXPECT_NO_THROW(as<Retry>(outcome(302))) << "a redirect is not followed";
  EXPECT_NO_THROW(as<Unknown>(outcome(500)));
  webhook::WebhookChannel guarded({}, clock);
  EXPECT_TRUE(as<Rejected>(guarded.send(message, soon())).gone);
}

}  // namespace
}  // namespace plumbline::tests
