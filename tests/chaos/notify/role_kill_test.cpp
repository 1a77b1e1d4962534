// kill -9 at random of real `plumbline notify` processes and of the Slack, the mail server and the webhook
// receiver that they send to, while a real `plumbline drift` opens and resolves drifts: in the end no drift
// without a message and no duplicate that does not say so. What the receivers kept is compared with the table
// and with the texts of the messages. Seed: PLUMBLINE_SEED (printed); kills: PLUMBLINE_KILLS (100).
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "core/clock.h"
#include "tests/chaos/notify/receipts.h"
#include "tests/support/fakes.h"
#include "tests/support/report_client.h"
#include "tests/support/stack/stack.h"

namespace plumbline::tests {
namespace {

constexpr int kNotifies = 2;
constexpr const char* kHookSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
// Two of each kind: while one's lease runs out, others go on.
constexpr const char* kKinds[] = {"slack_app", "slack_webhook", "email", "webhook"};
constexpr int kRoutes = 8;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A receiver that comes back finds its own free.
std::string fixed_port() {
  return std::to_string(test::free_port());
}

class RoleKill : public testing::Test {
 protected:
  RoleKill()
      : stack_(Backend::kEmbedded),
        slack_("slack.py", {"--rate", "0", "--port", fixed_port(), "--out", path("slack.jsonl")}),
        mail_("mail.py", {"--port", fixed_port()}),
        hook_("webhook.py", {"--port", fixed_port(), "--out", path("hook.jsonl"), "--secret", kHookSecret}) {
    std::ofstream config(stack_.config_path(), std::ios::app);
    config << "[drift]\nflap_window = \"0s\"\n[notify]\nallow_cidrs = \"127.0.0.0/8\"\nslack_api_url = \""
           << slack_.url("/api") << "\"\nslack_interval = \"0s\"\nsend_timeout = \"500ms\"\n"
           << "retry_first = \"30ms\"\nretry_max = \"300ms\"\nbackoff_max = \"300ms\"\n";
    config << "[smtp]\nurl = \"smtp://127.0.0.1:" << mail_.port() << "\"\ntls = \"none\"\n";
    config.close();
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    for (int i = 0; i < kRoutes; ++i) add_route(i);
    stack_.add_role("drift");
    for (int i = 0; i < kNotifies; ++i) victims_.push_back(&stack_.add_role("notify"));
    for (Fake* fake : {&slack_, &mail_, &hook_}) victims_.push_back(&fake->process());
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (stack_.folder() / name).string(); }
  void add_route(int number) {
    const std::string kind = kKinds[number % 4], name = "route-" + std::to_string(number);
    std::string to = "C0ROUTE" + std::to_string(number), secret = "xoxb-fake";
    if (kind == "slack_webhook") secret = slack_.url("/services/" + name);
    if (kind == "email") to = name + "@acme.example";
    if (kind == "webhook") to = hook_.url("/" + name), secret = kHookSecret;
    std::ofstream(path(name)) << secret << "\n";
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_read);
    stack_.plumbline("route add acme " + name + " --kind " + kind + " --to " + to +
                     (kind == "email" ? "" : " --secret-file " + path(name)));
  }
  // One repository drifts; the one that has drifted longest is resolved.
  std::string next_reports() {
    const TimeUs now = SystemClock().now();
    const std::string repo = "repo-" + std::to_string(opened_++) + "-end";
    std::string lines = ReportLine{repo, {now.value - 20'000}, "1", ""}.text() +
                        ReportLine{repo, {now.value - 10'000}, "2", "core/a.ts"}.text();
    open_.push_back(repo);
    if (open_.size() > 3) {
      lines += ReportLine{open_.front(), now, "3", ""}.text();
      open_.pop_front();
      ++resolved_;
    }
    return lines;
  }
  [[nodiscard]] Receipts receipts() const {
    Receipts all;
    all.read_slack(path("slack.jsonl"));
    all.read_hooks(path("hook.jsonl"));
    all.read_mails(mail_.folder() / "mails");
    return all;
  }
  [[nodiscard]] std::size_t received() const {
    return lines_of(path("slack.jsonl")).size() + lines_of(path("hook.jsonl")).size() +
           mails_in(mail_.folder() / "mails").size();
  }
  // Only the test may end them.
  bool all_run() {
    for (test::Process* victim : victims_) {
      if (!victim->running()) return false;
    }
    return true;
  }

  std::uint64_t seed_ = from_environment("PLUMBLINE_SEED", std::random_device{}());
  std::mt19937_64 random_{seed_};
  Stack stack_;
  Fake slack_, mail_, hook_;
  Tenant tenant_;
  std::vector<test::Process*> victims_;
  std::deque<std::string> open_;
  int opened_ = 0, resolved_ = 0;
};

TEST_F(RoleKill, NoDriftWithoutAMessageAndNoUnflaggedDuplicate) {
  const std::uint64_t kills = from_environment("PLUMBLINE_KILLS", 100);
  std::cout << "PLUMBLINE_SEED=" << seed_ << " PLUMBLINE_KILLS=" << kills << std::endl;
  ReportClient client(stack_.edge_port(), tenant_.signer);
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack_, tenant_); })) << stack_.logs();
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    // Each kill meets senders at work: it waits for receipts, never for time.
    const std::size_t enough = received() + 1 + random_() % 4;
    ASSERT_EQ(client.post(next_reports()), 202);
    ASSERT_TRUE(test::wait_for([&] { return received() >= enough || !all_run(); }))
        << "nothing is received after kill " << kill << '\n'
        << stack_.logs();
    ASSERT_TRUE(all_run()) << "one ended by itself after kill " << kill << '\n' << stack_.logs();
    test::Process& victim = *victims_[random_() % victims_.size()];
    victim.kill9();
    victim.start();
  }
  const std::string expected = std::to_string((opened_ + resolved_) * kRoutes);
  const std::string delivered =
      "SELECT count(*) FROM plumbline.notify_deliveries WHERE state = 'delivered' AND content = 'event'";
  EXPECT_TRUE(test::wait_for([&] { return stack_.value(delivered) == expected; }, std::chrono::seconds(120)))
      << stack_.value(delivered) << " of " << expected << '\n'
      << stack_.logs();
  EXPECT_EQ(
      stack_.value(
          "SELECT count(*) FILTER (WHERE type = 'drift.opened') || ' ' || count(*) FILTER (WHERE type = "
          "'drift.resolved') FROM plumbline.drift_events WHERE notify AND type LIKE 'drift.%'"),
      std::to_string(opened_) + " " + std::to_string(resolved_));

  const Comparison told = compare(receipts(), stack_.database());
  EXPECT_EQ(told.bad, "");
  std::cout << told.rows << " messages of " << opened_ << " drifts, " << told.flagged << " received flagged, "
            << told.rows_flagged << " flagged in the table" << std::endl;
}

}  // namespace
}  // namespace plumbline::tests
