#include "consumers/notify/decode.h"

#include <gtest/gtest.h>

#include "consumers/notify/unsubscribe.h"

namespace plumbline::notify {
namespace {

constexpr std::string_view kFull =
    R"({"v":1,"id":"11111111-1111-5111-8111-111111111111","type":"drift.opened",)"
    R"("tenant":"22222222-2222-4222-8222-222222222222","time":"2026-03-01T12:00:00Z",)"
    R"("recorded_at":"2026-03-01T12:00:01Z","notify":true,"severity":"high","repo":"acme/api","branch":"main",)"
    R"("agent":null,"drift_id":"33333333-3333-5333-8333-333333333333",)"
    R"("incident_id":"44444444-4444-5444-8444-444444444444","report_id":null,"commit":"abc","version":"7.3.0",)"
    R"("previous":{"report_id":"55555555-5555-5555-8555-555555555555","commit":"aaa","version":"7.2.0",)"
    R"("time":"2026-02-01T12:00:00Z"},"passing_since":"2026-01-01T00:00:00Z","summary":"a \"b\"",)"
    R"("violations":[{"id":"A","title":"one","severity":"high","files":["x.ts","y.ts"]},)"
    R"({"id":"B","title":"two","severity":null,"files":[]}],"violations_total":7,)"
    R"("policy":null,"silent_since":null,"more":{"later":[1]}})";

TEST(EventDecoder, ReadsEverything) {
  EventDecoder decoder;
  for (int again = 0; again < 2; ++again) {  // memory of the last one does not shine through
    auto e = decoder.decode(kFull);
    ASSERT_TRUE(e) << e.error().message;
    EXPECT_EQ(e->id.to_string(), "11111111-1111-5111-8111-111111111111");
    EXPECT_EQ(e->type, "drift.opened");
    EXPECT_TRUE(e->notify);
    EXPECT_EQ(e->severity, channel::Severity::kHigh);
    EXPECT_EQ(e->repo, "acme/api");
    EXPECT_EQ(e->agent, "");
    EXPECT_EQ(e->incident_id->to_string(), "44444444-4444-5444-8444-444444444444");
    EXPECT_FALSE(e->report_id);
    EXPECT_EQ(e->previous->version, "7.2.0");
    EXPECT_EQ(e->summary, "a \"b\"");
    ASSERT_EQ(e->violations.size(), 2U);
    EXPECT_EQ(e->violations[0].files, (std::vector<std::string>{"x.ts", "y.ts"}));
    EXPECT_EQ(e->violations[1].title, "two");
    EXPECT_TRUE(e->violations[1].files.empty());
    EXPECT_EQ(e->violations[1].severity, "");
    EXPECT_EQ(e->violations_total, 7);
    EXPECT_FALSE(e->policy);
    EXPECT_EQ(e->time, *parse_rfc3339("2026-03-01T12:00:00Z"));
  }
}

TEST(EventDecoder, RefusesWhatIsNoEvent) {
  EventDecoder decoder;
  EXPECT_EQ(decoder.decode("{").error().code, "invalid_json");
  EXPECT_EQ(decoder.decode("{}").error().code, "schema");
  std::string bad(kFull);
  bad.replace(bad.find("\"high\""), 6, "\"huge\"");
  EXPECT_EQ(decoder.decode(bad).error().code, "schema");
  EXPECT_NE(decoder.decode(bad).error().message.find("/severity"), std::string::npos);
}

TEST(UnsubscribeTokens, HoldForOneTenantRouteAndAddress) {
  const Secret newer("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
      older("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=");
  const UnsubscribeTokens tokens(older);
  const TenantId tenant{Uuid::random()};
  const Uuid route = Uuid::random();
  const std::string token = tokens.make(tenant, route, "ann@example.com");
  EXPECT_EQ(token.find("ann"), std::string::npos);
  ASSERT_TRUE(UnsubscribeTokens::read(token));
  EXPECT_EQ(UnsubscribeTokens::read(token)->route, route);
  EXPECT_EQ(UnsubscribeTokens::read(token)->tenant, tenant);
  EXPECT_TRUE(tokens.verify(token, "ann@example.com"));
  EXPECT_FALSE(tokens.verify(token, "bob@example.com"));
  std::string changed = token;
  changed[3] = changed[3] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(tokens.verify(changed, "ann@example.com"));
  EXPECT_FALSE(tokens.verify("", "ann@example.com"));
  EXPECT_FALSE(tokens.verify(token + "AAAA", "ann@example.com"));
  // After a rotation of the master key, links in old mails go on.
  const UnsubscribeTokens rotated(Secret(std::string(newer.reveal()) + "\n" + std::string(older.reveal())));
  EXPECT_TRUE(rotated.verify(token, "ann@example.com"));
  EXPECT_NE(rotated.make(tenant, route, "ann@example.com"), token);
  EXPECT_FALSE(UnsubscribeTokens(newer).verify(token, "ann@example.com"));
  EXPECT_FALSE(UnsubscribeTokens(Secret()).usable());
}

}  // namespace
}  // namespace plumbline::notify
