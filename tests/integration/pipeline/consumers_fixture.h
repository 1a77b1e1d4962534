// Every consumer of the pipeline as a process of its own, with a Slack, a mail server and a webhook receiver
// at the other end.
#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/codec/json_value.h"
#include "tests/support/fakes.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {

class ConsumersTest : public testing::Test {
 protected:
  explicit ConsumersTest(Backend backend)
      : stack_(backend),
        slack_("slack.py", {"--out", (stack_.folder() / "slack.jsonl").string()}),
        hook_("webhook.py", {"--secret", kHookSecret}),
        unsubscribe_port_(test::free_port()) {
    const std::string pages = "127.0.0.1:" + std::to_string(unsubscribe_port_);
    std::ofstream config(stack_.config_path(), std::ios::app);
    config << "[drift]\nnotify_age_max = \"3660d\"\n";  // the real history is older than a day
    config << "[notify]\nlisten = \"" << pages << "\"\npublic_url = \"http://" << pages
           << "\"\nallow_cidrs = \"127.0.0.0/8\"\nslack_api_url = \"" << slack_.url("/api") << "\"\n";
    config << "[smtp]\nurl = \"smtp://127.0.0.1:" << mail_.port() << "\"\ntls = \"none\"\n";
    config.close();
    secret("slack.token", "xoxb-fake");
    secret("hook.secret", kHookSecret);
  }
  // Tenants are made before the consumers start: what they hold is known from the first record on.
  void start() {
    for (const char* role : {"health", "drift", "notify"}) stack_.add_role(role);
  }
  std::string secret(const std::string& name, const std::string& content) const {
    const auto path = stack_.folder() / name;
    std::ofstream(path) << content << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
    return path.string();
  }
  void add_routes(const std::string& tenant) const {
    stack_.plumbline("route add " + tenant + " team --kind slack_app --to C0TEAM --admin --secret-file " +
                     (stack_.folder() / "slack.token").string());
    stack_.plumbline("route add " + tenant + " inbox --kind email --to team@acme.example");
    stack_.plumbline("route add " + tenant + " hook --kind webhook --to " + hook_.url("/drift") +
                     " --secret-file " + (stack_.folder() / "hook.secret").string());
  }
  ::testing::AssertionResult becomes(const std::string& sql, const std::string& expected) const {
    std::string seen;
    if (test::wait_for([&] { return (seen = stack_.value(sql)) == expected; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << sql << " gives " << seen << " instead of " << expected << "\n"
                                         << stack_.logs();
  }
  // Every consumer has read what persist has read, and nothing waits to be published, sent or recomputed.
  [[nodiscard]] bool settled() const {
    return stack_.value(
               "SELECT NOT EXISTS (SELECT FROM plumbline.positions p CROSS JOIN (VALUES ('health'), "
               "('drift')) AS "
               "c (name) LEFT JOIN plumbline.positions o ON (o.topic, o.partition) = (p.topic, p.partition) "
               "AND "
               "o.consumer = c.name WHERE p.consumer = 'persist' AND p.topic = 'reports.v1' AND "
               "coalesce(o.next_offset, 0) <> p.next_offset) AND NOT EXISTS (SELECT FROM "
               "plumbline.drift_events WHERE published_at IS NULL) "
               "AND NOT EXISTS (SELECT FROM plumbline.health_pending) AND NOT EXISTS (SELECT FROM "
               "plumbline.drift_events e WHERE e.notify AND NOT EXISTS (SELECT FROM plumbline.notify_events "
               "n "
               "WHERE (n.tenant_id, n.event_id) = (e.tenant_id, e.event_id))) AND NOT EXISTS (SELECT FROM "
               "plumbline.notify_deliveries WHERE state IN ('pending', 'claimed'))") == "t";
  }
  // The calls that Slack took, in order.
  [[nodiscard]] std::vector<std::string> slack_calls() const {
    std::ifstream in(stack_.folder() / "slack.jsonl");
    std::vector<std::string> calls;
    for (std::string line; std::getline(in, line);) calls.push_back(line);
    return calls;
  }
  // What Python's own email package makes of the mails, in the order in which they came.
  [[nodiscard]] std::vector<codec::JsonValue> mails() const {
    std::vector<std::string> files;
    for (const auto& file : std::filesystem::directory_iterator(mail_.folder() / "mails")) {
      if (file.path().extension() == ".eml") files.push_back(file.path().string());
    }
    std::sort(files.begin(), files.end());
    std::istringstream read(files.empty() ? "" : run_script("read_mail.py", files));
    std::vector<codec::JsonValue> mails;
    for (std::string line; std::getline(read, line);) mails.push_back(require(codec::JsonValue::parse(line)));
    return mails;
  }
  [[nodiscard]] std::size_t mail_count() const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(mail_.folder() / "mails"))
      count += file.path().extension() == ".eml" ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::vector<codec::JsonValue> hooks() const {
    return require(codec::JsonValue::parse(run_script("fetch.py", {hook_.url("/received")}))).items();
  }

  static constexpr const char* kHookSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  Stack stack_;
  Fake slack_;
  Fake mail_{"mail.py"};
  Fake hook_;
  int unsubscribe_port_;
};

}  // namespace plumbline::tests
