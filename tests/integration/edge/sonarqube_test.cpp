// SonarQube's webhook: its own signature over the raw body, its payload as SonarSource documents it.
#include "core/crypto/hmac.h"
#include "tests/integration/edge/edge_fixture.h"
#include "tests/support/process/process.h"

namespace plumbline::test {
namespace {

constexpr auto kPath = "/api/v1/webhooks/sonarqube/key_sonar";
const std::string kSecret = "what is typed into SonarQube";

class SonarQube : public EdgeFixture {
 protected:
  void SetUp() override {
    put_sonarqube("key_sonar", kSecret);
    start();
  }
  // An hour ago, to the second.
  static std::string when() {
    return format_rfc3339(TimeUs{SystemClock().now().value - std::int64_t{3600} * 1000000}).substr(0, 19);
  }
  static std::string payload(const std::string& dated = R"("analysedAt":")" + when() + R"(+0000",)") {
    return R"({"serverUrl":"http://sonar","taskId":"AVh21JS2JepAEhwQ-b3u","status":"SUCCESS",)" + dated +
           R"("revision":"c739069ec7105e01303e8b3065a81141aad9f129","project":{"key":"shop","name":"Shop"},)"
           R"("branch":{"name":"main","type":"BRANCH","isMain":true},)"
           R"("qualityGate":{"name":"Sonar way","status":"ERROR","conditions":[{"metric":"new_coverage",)"
           R"("operator":"LESS_THAN","value":"12","status":"ERROR","errorThreshold":"80"}]},)"
           R"("properties":{"sonar.analysis.repo":"acme/shop"}})";
  }
  static FieldList signed_by(const std::string& secret, const std::string& body) {
    return {{"Content-Type", "application/json; charset=utf-8"},
            {"X-Sonar-Webhook-HMAC-SHA256", crypto::to_hex(crypto::HmacKey(secret).mac({body}))}};
  }
};

TEST_F(SonarQube, AReportArrivesAndItsReplayIsTheSameReport) {
  const std::string at = when(), body = payload(R"("analysedAt":")" + at + R"(+0000",)");
  const RawResponse response = post_plain(kPath, body, signed_by(kSecret, body));
  EXPECT_EQ(response.status, 202) << response.body;
  EXPECT_EQ(response.body, R"({"accepted":1,"rejected":[]})");
  EXPECT_EQ(post_plain(kPath, body, signed_by(kSecret, body)).status, 202);
  const auto lines = lines_in_log("reports.v1");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], lines[1]);
  for (const std::string& part : {std::string(R"("kind":"report")"), std::string(R"("agent":"sonarqube")"),
                                  std::string(R"("repo":"acme/shop")"), std::string(R"("branch":"main")"),
                                  R"("time":")" + at + R"(.000000Z")", std::string(R"("status":"FAIL")")})
    EXPECT_NE(lines[0].find(part), std::string::npos) << part << " in " << lines[0];
  EXPECT_EQ(log_.records("reports.v1")[0].header("key_id"), "key_sonar");
}

TEST_F(SonarQube, OnlyItsOwnKindOfKeyAndTheWholeBodyAreTaken) {
  const std::string body = payload(), of_signing = std::string(32, 's');
  EXPECT_EQ(post_plain(kPath, body, signed_by("another secret", body)).status, 401);
  EXPECT_EQ(post_plain(kPath, body, signed_by(kSecret, body + " ")).status, 401);
  EXPECT_EQ(post_plain(kPath, body, {{"Content-Type", "application/json"}}).status, 401);
  EXPECT_EQ(post_plain("/api/v1/webhooks/sonarqube/key_nobody", body, signed_by(kSecret, body)).status, 401);
  EXPECT_EQ(post_plain("/api/v1/webhooks/sonarqube/key_one", body, signed_by(of_signing, body)).status, 401)
      << "a signing key";
  EXPECT_EQ(post("/api/v1/traces", trace(), {}, {"key_sonar", kSecret}).status, 401);
  EXPECT_TRUE(log_.records("reports.v1").empty());
}

TEST_F(SonarQube, WhatIsNoReportIsSaidSo) {
  const std::string failed = payload("");
  const RawResponse undated = post_plain(kPath, failed, signed_by(kSecret, failed));
  EXPECT_EQ(undated.status, 422) << undated.body;
  const std::string old = payload(R"("analysedAt":"2016-11-18T10:46:28+0100",)");
  EXPECT_EQ(post_plain(kPath, old, signed_by(kSecret, old)).status, 422) << "before the tenant's retention";
  EXPECT_EQ(post_plain(kPath, "{}", signed_by(kSecret, "{}")).status, 400);
  EXPECT_EQ(get(kPath).status, 405);
}

}  // namespace
}  // namespace plumbline::test
