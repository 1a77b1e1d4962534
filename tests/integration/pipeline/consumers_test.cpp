// A real history of reports through edge, log, persist, health, drift and notify to Slack, mail and a
// webhook, each a process of its own, on both logs.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include "core/clock.h"
#include "tests/integration/pipeline/consumers_fixture.h"

namespace plumbline::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kFile = "src/internal/util/noop.ts";
constexpr int kReports = 20;

std::uint64_t seed() {
  const char* text = std::getenv("PLUMBLINE_SEED");
  return text == nullptr ? std::random_device{}() : std::strtoull(text, nullptr, 10);
}

// The columns that a row is made of, without those that say when and how it came here.
struct Kept {
  const char* table;
  const char* columns;
  const char* where = "true";
};
constexpr Kept kKept[] = {
    {"reports",
     "tenant_id, time, id, digest, agent, repo, branch, commit, version, status, score, violations, payload"},
    {"violations", "tenant_id, time, report_id, gate, severity, title"},
    {"drifts", "*"},
    {"drift_history", "tenant_id, stream_id, time, report_id, passed, layer_total, commit, version, layer"},
    {"drift_events",
     "tenant_id, event_id, type, time, recorded_at, notify, late, correction, drift_id, body, withdrawn_at, "
     "published_at",
     "stream_id IS NOT NULL"},
    {"notify_events", "*"},
    {"notify_deliveries", "*"},
    {"health_repo_hours", "*"},
    {"health_repo_failures", "*"},
    {"health_repo_latest", "*"}};

class RealHistory : public ConsumersTest, public testing::WithParamInterface<Backend> {
 protected:
  RealHistory() : ConsumersTest(GetParam()), random_(seed_) {
    std::cout << "PLUMBLINE_SEED=" << seed_ << std::endl;
    stack_.start_roles();
    for (const char* slug : {"acme", "beta", "gamma"}) tenants_.push_back(stack_.create_tenant(slug));
    EXPECT_THAT(stack_.plumbline("drift matchers --tenant beta"),
                AllOf(HasSubstr("the defaults"), HasSubstr("ARCH_BOUNDARY")));
    EXPECT_THAT(stack_.plumbline("drift matchers set --tenant beta --id some-other-rule --word elsewhere"),
                AllOf(HasSubstr("the tenant's own"), HasSubstr("some-other-rule"), HasSubstr("elsewhere")));
    start();
    add_routes("acme");
    for (const Tenant& tenant : tenants_)
      EXPECT_TRUE(test::wait_for([&] { return accepts(stack_, tenant); })) << stack_.logs();
    // The newest of the history is of now.
    shift_s_ = SystemClock().now().value / 1'000'000 - require_time("2026-11-10T09:05:00Z") / 1'000'000;
    std::ifstream in(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/data/real/rigour-reports.ndjson");
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
    EXPECT_EQ(lines_.size(), static_cast<std::size_t>(kReports));
  }
  static std::int64_t require_time(const char* text) { return parse_rfc3339(text)->value; }

  void push(const Tenant& tenant, const std::vector<std::string>& lines) {
    const std::string file = (stack_.folder() / "push.ndjson").string();
    std::ofstream out(file);
    for (const std::string& line : lines) out << line << "\n";
    out.close();
    const auto [status, output] = stack_.plumb(
        tenant, "push --no-git --agent ci --time-shift-s " + std::to_string(shift_s_) + " " + file);
    ASSERT_EQ(status, 0) << output;
    pushed_[tenant.slug] += static_cast<int>(lines.size());
  }
  // Each line at least once, some twice, in any order.
  std::vector<std::string> shuffled() {
    std::vector<std::string> all = lines_;
    for (const std::string& line : lines_) {
      if (random_() % 2 == 0) all.push_back(line);
    }
    std::shuffle(all.begin(), all.end(), random_);
    return all;
  }
  // Of the tenant, all that was pushed was counted, and by every consumer.
  void arrive(const Tenant& tenant) {
    ASSERT_TRUE(becomes("SELECT sum(stored + duplicate) = " + std::to_string(pushed_[tenant.slug]) +
                            " + (SELECT count(*) FROM plumbline.traces WHERE tenant_id = '" + tenant.id +
                            "') AND bool_and(balanced) AND sum(in_flight) = 0 AND (SELECT count(*) FROM "
                            "plumbline.reports WHERE tenant_id = '" +
                            tenant.id + "') = " + std::to_string(kReports) +
                            " FROM plumbline.ledger_balance WHERE tenant_id = '" + tenant.id + "'",
                        "t"));
    ASSERT_TRUE(test::wait_for([this] { return settled(); })) << stack_.logs();
  }
  [[nodiscard]] std::string drifts_of(const Tenant& tenant) const {
    return stack_.value(
        "SELECT string_agg(format('%s %s-%s %s %s', repo, opened_version, resolved_version, state, "
        "(SELECT string_agg(f, ',') FROM jsonb_array_elements(violations) v, "
        "jsonb_array_elements_text(v -> 'files') f)), '; ' ORDER BY opened_at) FROM plumbline.drifts WHERE "
        "tenant_id = '" +
        tenant.id + "'");
  }
  [[nodiscard]] std::string tables_of(const Tenant& tenant) const {
    std::string all;
    for (const Kept& kept : kKept) {
      all += std::string(kept.table) + " " +
             stack_.value(
                 "SELECT count(*) || ' ' || coalesce(md5(string_agg(r::text, '|' ORDER BY r::text)), '') "
                 "FROM (SELECT " +
                 std::string(kept.columns) + " FROM plumbline." + kept.table + " WHERE " + kept.where +
                 " AND tenant_id = '" + tenant.id + "') r") +
             "\n";
    }
    return all;
  }
  void check_slack();
  void check_mails();
  void check_hooks();
  void check_commands(const Tenant& acme);

  std::uint64_t seed_ = seed();
  std::mt19937_64 random_;
  std::vector<Tenant> tenants_;
  std::vector<std::string> lines_;
  std::int64_t shift_s_ = 0;
  std::map<std::string, int> pushed_;
};

// One message a drift, posted when it opened and edited when it was resolved.
void RealHistory::check_slack() {
  std::vector<std::string> methods, texts;
  for (const std::string& line : slack_calls()) {
    const auto call = require(codec::JsonValue::parse(line));
    if (call["text"].text().find("rxjs") == std::string::npos) continue;  // the test of the route
    methods.emplace_back(call["method"].text());
    texts.emplace_back(call["text"].text());
    EXPECT_EQ(call["text"].text().find("Sent again"), std::string::npos);
    EXPECT_TRUE(methods.back() != "chat.postMessage" || line.find(kFile) != std::string::npos)
        << "the violating file stands in the message: " << line;
  }
  EXPECT_THAT(methods,
              testing::ElementsAre("chat.postMessage", "chat.update", "chat.postMessage", "chat.update"));
  EXPECT_THAT(texts, testing::ElementsAre(HasSubstr("Drift in rxjs: 1 new layer violation"),
                                          HasSubstr("Resolved: drift in rxjs"),
                                          HasSubstr("Drift in rxjs: 1 new layer violation"),
                                          HasSubstr("Resolved: drift in rxjs")));
}

void RealHistory::check_mails() {
  std::set<std::string> ids;
  std::string opened;
  int drifts = 0;
  for (const codec::JsonValue& mail : mails()) {
    const codec::JsonValue& headers = mail["headers"];
    EXPECT_TRUE(mail["defects"].items().empty());
    EXPECT_TRUE(ids.emplace(headers["Message-ID"].text()).second) << "a Message-ID came twice";
    EXPECT_EQ(headers["List-Unsubscribe-Post"].text(), "List-Unsubscribe=One-Click");
    const std::string subject(headers["Subject"].text()), text(mail["text"].text());
    if (subject.find("rxjs") == std::string::npos) continue;
    ++drifts;
    EXPECT_THAT(subject, Not(HasSubstr("sent again")));
    EXPECT_THAT(mail["types"].items().size(), 2U);
    if (drifts % 2 == 1) {
      EXPECT_THAT(subject, HasSubstr("Drift in rxjs"));
      EXPECT_THAT(text,
                  AllOf(HasSubstr(kFile), HasSubstr(drifts == 1 ? "Version: 7.3.0" : "Version: 7.8.0")));
      opened = headers["Message-ID"].text();
    } else {
      EXPECT_THAT(subject, HasSubstr("Resolved: drift in rxjs"));
      EXPECT_THAT(text, HasSubstr(drifts == 2 ? "Version: 7.5.0" : "Version: 7.8.1"));
      EXPECT_EQ(headers["In-Reply-To"].text(), opened) << "the thread of its drift";
    }
  }
  EXPECT_EQ(drifts, 4);
}

void RealHistory::check_hooks() {
  std::set<std::string> ids;
  std::vector<std::string> types;
  for (const codec::JsonValue& got : hooks()) {
    EXPECT_EQ(got["verified"].boolean(), true) << got["why"].text();
    EXPECT_TRUE(ids.emplace(got["id"].text()).second);
    if (got["body"]["type"].text() != "test") types.emplace_back(got["body"]["type"].text());
  }
  EXPECT_THAT(types,
              testing::ElementsAre("drift.opened", "drift.resolved", "drift.opened", "drift.resolved"));
}

void RealHistory::check_commands(const Tenant& acme) {
  EXPECT_THAT(stack_.plumbline("drift ls --tenant acme"),
              AllOf(HasSubstr("7.3.0"), HasSubstr("7.5.0"), HasSubstr("7.8.0"), HasSubstr("7.8.1"),
                    HasSubstr("resolved"), Not(HasSubstr("rxjs-strict"))));
  EXPECT_EQ(stack_.plumbline("drift ls --tenant acme --open"), "no drift\n");
  EXPECT_EQ(stack_.plumbline("drift ls --tenant acme --repo rxjs-strict"), "no drift\n");
  EXPECT_EQ(stack_.plumbline("drift ls --tenant beta"), "no drift\n");
  const std::string id = stack_.value(
      "SELECT drift_id FROM plumbline.drifts WHERE opened_version = '7.8.0' AND "
      "tenant_id = '" +
      acme.id + "'");
  EXPECT_THAT(stack_.plumbline("drift show " + id),
              AllOf(HasSubstr(kFile), HasSubstr("ARCH_BOUNDARY"), HasSubstr("1 new since 7.6.0"),
                    HasSubstr("passed      since"), HasSubstr("at 7.8.1"), HasSubstr("drift.opened"),
                    HasSubstr("drift.resolved"), HasSubstr("(told)")));
  EXPECT_THAT(stack_.plumbline("drift show " + id + " --json"), HasSubstr(kFile));
  EXPECT_THAT(stack_.plumbline("drift matchers set --tenant beta --default"), HasSubstr("the defaults"));
  const std::string health = stack_.plumbline("health show --tenant acme");
  EXPECT_THAT(health, AllOf(HasSubstr("acme: health "), HasSubstr("repository, worst first"),
                            HasSubstr("rxjs"), HasSubstr("rxjs-strict")));
  const auto json = codec::JsonValue::parse(stack_.plumbline("health show --tenant acme --json"));
  EXPECT_TRUE(json.ok());
  EXPECT_THAT(stack_.plumbline("route ls acme"), AllOf(HasSubstr("team  slack_app  C0TEAM  active"),
                                                       HasSubstr("inbox  email"), Not(HasSubstr("never"))));
  EXPECT_THAT(stack_.plumbline("route log acme inbox"),
              AllOf(HasSubstr("drift.resolved"), HasSubstr("delivered")));
  EXPECT_THAT(stack_.plumbline("route rm acme hook"), HasSubstr("removed hook"));
  EXPECT_THAT(stack_.plumbline("route ls acme"), Not(HasSubstr("hook")));
}

TEST_P(RealHistory, TwoDriftsOpenAndResolveAreToldOnceAndASecondPushChangesNothing) {
  const Tenant &acme = tenants_[0], &beta = tenants_[1], &gamma = tenants_[2];
  for (const char* name : {"team", "inbox", "hook"})
    EXPECT_THAT(stack_.plumbline(std::string("route test acme ") + name), HasSubstr("delivered by"));
  push(acme, lines_);
  push(beta, lines_);
  push(gamma, shuffled());
  for (const Tenant* tenant : {&acme, &beta, &gamma}) arrive(*tenant);

  const std::string expected =
      std::string("rxjs 7.3.0-7.5.0 resolved ") + kFile + "; rxjs 7.8.0-7.8.1 resolved " + kFile;
  EXPECT_EQ(drifts_of(acme), expected);
  EXPECT_EQ(drifts_of(gamma), expected) << "the order of arrival is no part of the history";
  EXPECT_EQ(drifts_of(beta), "") << "its own matchers know no such violation";
  EXPECT_EQ(
      stack_.value(
          "SELECT string_agg(type || ' ' || notify::text || ' ' || late::text, ', ' ORDER BY seq) FROM "
          "plumbline.drift_events WHERE repo IS NOT NULL AND type LIKE 'drift.%' AND tenant_id = '" +
          acme.id + "'"),
      "drift.opened true false, drift.resolved true false, drift.opened true false, drift.resolved true "
      "false");
  EXPECT_EQ(
      stack_.value(
          "SELECT count(*) FROM plumbline.drift_events WHERE repo = 'rxjs-strict' AND type LIKE 'drift.%'"),
      "0");
  EXPECT_TRUE(
      becomes("SELECT count(*) || ' ' || count(*) FILTER (WHERE resend) FROM plumbline.notify_deliveries "
              "WHERE state = 'delivered' AND content = 'event'",
              "12 0"));
  check_slack();
  check_mails();
  check_hooks();

  const std::string before = tables_of(acme), before_gamma = tables_of(gamma);
  const std::size_t calls = slack_calls().size(), letters = mail_count(), posts = hooks().size();
  push(acme, shuffled());
  push(gamma, shuffled());
  for (const Tenant* tenant : {&acme, &gamma}) arrive(*tenant);
  EXPECT_EQ(tables_of(acme), before);
  EXPECT_EQ(tables_of(gamma), before_gamma);
  EXPECT_EQ(slack_calls().size(), calls);
  EXPECT_EQ(mail_count(), letters);
  EXPECT_EQ(hooks().size(), posts);
  check_commands(acme);
}

INSTANTIATE_TEST_SUITE_P(Logs, RealHistory, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& each) { return to_string(each.param); });

}  // namespace
}  // namespace plumbline::tests
