// The link in a real mail, pressed as a mail program does it (RFC 8058), at the page that notify really
// serves.
#include "core/clock.h"
#include "tests/integration/pipeline/consumers_fixture.h"
#include "tests/support/report_client.h"

namespace plumbline::tests {
namespace {

class OneClick : public ConsumersTest {
 protected:
  OneClick() : ConsumersTest(Backend::kEmbedded) {
    stack_.start_roles();
    tenant_ = stack_.create_tenant("acme");
    start();
    for (const char* who : {"ann", "bob"})
      stack_.plumbline(std::string("route add acme ") + who + " --kind email --to " + who + "@acme.example");
    EXPECT_TRUE(test::wait_for([&] { return accepts(stack_, tenant_); })) << stack_.logs();
    client_ = std::make_unique<ReportClient>(stack_.edge_port(), tenant_.signer);
  }
  // A repository passes, then fails; returns once everybody who is told of it is told.
  void drift_in(const std::string& repo) {
    const TimeUs now = SystemClock().now();
    ASSERT_EQ(client_->post(ReportLine{repo, {now.value - 2'000'000}, "1", ""}.text() +
                            ReportLine{repo, {now.value - 1'000'000}, "2", "core/a.ts"}.text()),
              202);
    ASSERT_TRUE(
        becomes("SELECT count(*) FROM plumbline.notify_deliveries d JOIN plumbline.notify_events e USING "
                "(tenant_id, event_id) WHERE e.body LIKE '%\"" +
                    repo + "\"%' AND d.state IN ('delivered', 'skipped')",
                "2"));
  }
  // "address subject" of each mail.
  [[nodiscard]] std::vector<std::string> told() const {
    std::vector<std::string> all;
    for (const auto& mail : mails()) {
      all.push_back(std::string(mail["headers"]["To"].text()) + " " +
                    std::string(mail["headers"]["Subject"].text()));
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  std::string link_to(const std::string& who) {
    for (const auto& mail : mails()) {
      if (mail["headers"]["To"].text() != "<" + who + "@acme.example>" &&
          mail["headers"]["To"].text() != who + "@acme.example")
        continue;
      std::string url(mail["headers"]["List-Unsubscribe"].text());
      return url.substr(1, url.size() - 2);
    }
    return {};
  }

  Tenant tenant_;
  std::unique_ptr<ReportClient> client_;
};

TEST_F(OneClick, HoldsForTheNextDriftAndForThatAddressOnly) {
  drift_in("first");
  const std::string url = link_to("ann");
  ASSERT_EQ(url.rfind("http://127.0.0.1:" + std::to_string(unsubscribe_port_) + "/unsubscribe/", 0), 0U)
      << url;
  // A link scanner opens it: nothing changes.
  EXPECT_THAT(run_script("fetch.py", {url}), testing::HasSubstr("<form"));
  EXPECT_EQ(stack_.value("SELECT count(*) FROM plumbline.notify_unsubscribes"), "0");
  EXPECT_THAT(run_script("fetch.py", {url, "List-Unsubscribe=One-Click"}),
              testing::HasSubstr("Unsubscribed"));
  EXPECT_EQ(stack_.value("SELECT address || ' ' || how FROM plumbline.notify_unsubscribes"),
            "ann@acme.example one_click");
  // Pressed again, and by a program that sends the other form of RFC 8058.
  EXPECT_THAT(run_script("fetch.py", {url, "List-Unsubscribe=One-Click", "multipart"}),
              testing::HasSubstr("Unsubscribed"));
  drift_in("second");
  EXPECT_THAT(stack_.plumbline("route log acme ann"), testing::HasSubstr("skipped: unsubscribed"));
  stack_.plumbline("route enable acme ann --resubscribe");
  drift_in("third");
  EXPECT_THAT(told(),
              testing::ElementsAre(testing::AllOf(testing::HasSubstr("ann@"), testing::HasSubstr("first")),
                                   testing::AllOf(testing::HasSubstr("ann@"), testing::HasSubstr("third")),
                                   testing::AllOf(testing::HasSubstr("bob@"), testing::HasSubstr("first")),
                                   testing::AllOf(testing::HasSubstr("bob@"), testing::HasSubstr("second")),
                                   testing::AllOf(testing::HasSubstr("bob@"), testing::HasSubstr("third"))));
}

}  // namespace
}  // namespace plumbline::tests
