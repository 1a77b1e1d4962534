#include "tests/chaos/soak/drifts.h"

#include <charconv>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include <unistd.h>

#include "core/clock.h"
#include "tests/support/raw_http.h"
#include "tests/support/report_client.h"

namespace plumbline::tests {
namespace {

constexpr const char* kHookSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kKinds[] = {"slack_app", "slack_webhook", "webhook"};
constexpr int kRoutes = 3;
constexpr std::size_t kOpenMax = 3;
constexpr auto kBetween = std::chrono::milliseconds(700);

// Of "…repo-17-end…" the 17; -1 when there is none.
int number_in(const std::string& line) {
  const std::size_t from = line.find("repo-");
  int number = -1;
  if (from != std::string::npos) std::from_chars(line.data() + from + 5, line.data() + line.size(), number);
  return number;
}

void rest(const std::stop_token& stop, std::chrono::milliseconds length) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, length, [] { return false; });
}

}  // namespace

Drifts::Drifts(Stack& stack)
    : stack_(stack),
      slack_("slack.py",
             {"--rate", "0", "--port", std::to_string(test::free_port()), "--out", path("slack.jsonl")}),
      hook_("webhook.py", {"--port", std::to_string(test::free_port()), "--out", path("hook.jsonl"),
                           "--secret", kHookSecret}) {
  std::ofstream config(stack_.config_path(), std::ios::app);
  config << "[drift]\nflap_window = \"0s\"\n[notify]\nallow_cidrs = \"127.0.0.0/8\"\nslack_api_url = \""
         << slack_.url("/api") << "\"\nslack_interval = \"0s\"\nsend_timeout = \"2s\"\n"
         << "retry_first = \"100ms\"\nretry_max = \"1s\"\nbackoff_max = \"1s\"\n";
}

void Drifts::add_route(const Tenant& tenant, int number) {
  const std::string kind = kKinds[number], name = "route-" + std::to_string(number);
  std::string to = "C0ROUTE" + std::to_string(number), secret = "xoxb-fake";
  if (kind == "slack_webhook") secret = slack_.url("/services/" + name);
  if (kind == "webhook") to = hook_.url("/" + name), secret = kHookSecret;
  std::ofstream(path(name)) << secret << "\n";
  std::filesystem::permissions(path(name), std::filesystem::perms::owner_read);
  stack_.plumbline("route add " + tenant.slug + " " + name + " --kind " + kind + " --to " + to +
                   " --secret-file " + path(name));
}

void Drifts::begin(const Tenant& tenant, int port) {
  for (int i = 0; i < kRoutes; ++i) add_route(tenant, i);
  thread_ = std::jthread([this, tenant, port](const std::stop_token& stop) { report(stop, tenant, port); });
}

void Drifts::end() {
  thread_.request_stop();
  thread_.join();
}

// One repository drifts; the one that has drifted longest is resolved.
std::string Drifts::next_reports() {
  const TimeUs now = SystemClock().now();
  const std::string repo = "repo-" + std::to_string(opened_) + "-end";
  std::string lines = ReportLine{repo, {now.value - 20'000}, "1", ""}.text() +
                      ReportLine{repo, {now.value - 10'000}, "2", "core/a.ts"}.text();
  open_.push_back(repo);
  if (open_.size() > kOpenMax) lines += ReportLine{open_.front(), now, "3", ""}.text();
  return lines;
}

void Drifts::report(const std::stop_token& stop, const Tenant& tenant, int port) {
  ReportClient client(port, tenant.signer);
  while (!stop.stop_requested()) {
    const std::string lines = next_reports();
    // The same ids again and again: what was stored without an answer is a duplicate then.
    for (int status = 0; status != 202;) {
      if (given_up_) return;
      try {
        status = client.post(lines);
      } catch (const std::runtime_error&) {  // nobody listens right now
        status = 0;
      }
      if (status != 202) rest({}, std::chrono::milliseconds(100));
    }
    reports_ += 2;
    ++opened_;
    if (open_.size() > kOpenMax) {
      open_.pop_front();
      ++reports_;
      ++resolved_;
    }
    rest(stop, kBetween);
  }
}

bool Drifts::told_since(int number) const {
  const auto lines = lines_of(path("slack.jsonl"));
  for (auto line = lines.rbegin(); line != lines.rend() && line - lines.rbegin() < 100; ++line) {
    if (number_in(*line) >= number) return true;
  }
  return false;
}

std::string Drifts::wrong(std::string* summary) const {
  std::string bad;
  const auto expect = [&](const std::string& sql, int expected, const char* what) {
    const auto holds = [&] { return stack_.value(sql) == std::to_string(expected); };
    if (!test::wait_for(holds, std::chrono::minutes(3)))
      bad += std::string(what) + ": " + stack_.value(sql) + " instead of " + std::to_string(expected) + "\n";
  };
  expect("SELECT count(*) FROM plumbline.reports", reports_, "reports stored");
  expect("SELECT count(DISTINCT id) FROM plumbline.reports", reports_, "different reports stored");
  const std::string events = "SELECT count(*) FROM plumbline.drift_events WHERE notify AND type = 'drift.";
  expect(events + "opened'", opened_, "drifts opened");
  expect(events + "resolved'", resolved_, "drifts resolved");
  expect("SELECT count(*) FROM plumbline.notify_deliveries WHERE state = 'delivered' AND content = 'event'",
         (opened_ + resolved_) * kRoutes, "messages delivered");
  Receipts got;
  got.read_slack(path("slack.jsonl"));
  got.read_hooks(path("hook.jsonl"));
  const Comparison told = compare(got, stack_.database());
  *summary = std::to_string(opened_) + " drifts, " + std::to_string(told.rows) + " messages, " +
             std::to_string(told.flagged) + " received flagged, " + std::to_string(told.rows_flagged) +
             " flagged in the table";
  return bad + told.bad;
}

}  // namespace plumbline::tests
