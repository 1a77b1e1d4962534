#include "core/crypto/uuid5.h"

#include <gtest/gtest.h>

#include "core/crypto/sha256.h"

namespace plumbline::crypto {
namespace {

TEST(Uuid5, KnowsTheVectorOfRfc9562) {
  const Uuid dns = *Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(uuid5(dns, "www.example.com").to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

// Ids are stored for years: these must never change.
TEST(Uuid5, NameSpacesAreFixed) {
  EXPECT_EQ(uuid5(kUrlNamespace, kDecisionNamespaceUrl).to_string(), "23a005b4-f985-5af6-a6d0-be153d59fc4e");
  EXPECT_EQ(uuid5(kUrlNamespace, kReportNamespaceUrl).to_string(), "92b33da8-2497-5cc0-8c07-7338f6170888");
}

TEST(Uuid5, DecisionIsAgentAndHash) {
  const auto id = decision_id("agent-0", "357ac8f8aea9ace5bae4bb505e783ca1046fa0f8afbad6412846a8a005fbf5e0");
  EXPECT_EQ(id.value.to_string(), "e78bc7f2-c623-5d27-9a1c-60297c9b984b");
  EXPECT_NE(id, decision_id("agent-1", "357ac8f8aea9ace5bae4bb505e783ca1046fa0f8afbad6412846a8a005fbf5e0"));
  EXPECT_NE(id, decision_id("agent-0", to_hex(sha256("other"))));
}

TEST(Uuid5, ReportIsRepoCommitTimeAndBody) {
  const TimeUs time = *parse_rfc3339("2026-11-01T09:00:00Z");
  const auto id = report_id("rxjs", "37da4f97", time, "{}");
  EXPECT_EQ(id.value.to_string(), "afb7ab48-0bde-5efc-8c38-6c05e809954b");
  EXPECT_EQ(id, report_id("rxjs", "37da4f97", *parse_rfc3339("2026-11-01T10:00:00+01:00"), "{}"));
  EXPECT_NE(id, report_id("rxjs", "37da4f97", TimeUs{time.value + 1}, "{}"))
      << "an equal nightly run is a new run";
  EXPECT_NE(id, report_id("rxjs", "37da4f98", time, "{}"));
  EXPECT_NE(id, report_id("rxj", "37da4f97", time, "{}"));
  EXPECT_NE(id, report_id("rxjs", "37da4f97", time, "{ }"));
}

}  // namespace
}  // namespace plumbline::crypto
