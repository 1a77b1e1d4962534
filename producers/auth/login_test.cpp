// What login says and does at each answer of a console that a script plays; the real one is in
// tests/integration/push/auth_test.py.
#include "producers/auth/login.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/codec/json_value.h"

namespace plumbline::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

class Scripted final : public push::Transport {
 public:
  push::Response post(const push::Request& request) override { return take("POST " + request.url, request); }
  push::Response get(const push::Request& request) override { return take("GET " + request.url, request); }

  // Answers of an address in turn; the last one stays.
  std::map<std::string, std::deque<push::Response>> script;
  std::vector<std::string> seen;

 private:
  push::Response take(const std::string& what, const push::Request& request) {
    seen.push_back(what + " " + std::string(request.body));
    auto& answers = script[what];
    if (answers.empty()) return {404, "", "{}", ""};
    push::Response next = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return next;
  }
};

const std::string kAt = "https://c.example";
const std::string kTenant = kAt + "/api/v1/tenants/demo";

class Login : public testing::Test {
 protected:
  Login() : console(transport, kAt) {
    on("POST " + kAt + "/auth/device/code", 200,
       R"({"device_code":"dc","user_code":"BCDF-GHJK","verification_uri":"https://c.example/device","expires_in":600,"interval":3})");
    on("POST " + kAt + "/auth/device/token", 200, R"({"access_token":"the-token"})");
    on("POST " + kAt + "/auth/sign-out", 204, "");
    me("operator", R"(["keys.manage"])");
    on("GET " + kTenant + "/settings", 200, R"({"edge_url":"https://e.example"})");
    on("POST " + kTenant + "/keys", 201, R"({"key":{"id":"key_new"},"secret":null})");
    wanted.keep = [this](const push::Profile& profile) {
      kept.push_back(profile);
      return keeps ? ok_status() : Status(fatal("credentials", "the disk is full"));
    };
  }
  void on(const std::string& what, int status, const std::string& body) {
    transport.script[what].push_back({status, "", body, ""});
  }
  void me(const std::string& role, const std::string& permissions) {
    transport.script["GET " + kAt + "/api/v1/me"] = {
        {200, "",
         R"({"user":{"email":"ann@example.com"},"memberships":[{"tenant":{"slug":"demo","id":"1"},"role":")" +
             role + R"(","permissions":)" + permissions + "}]}",
         ""}};
  }
  Result<Made> run() {
    return login(console, {.device = true},
                 {[this](const std::string& text) { told += text; }, [](const std::string&) {},
                  [this](std::chrono::milliseconds time) { waits.push_back(time.count()); }},
                 wanted);
  }
  [[nodiscard]] bool asked(const std::string& what) const {
    return std::any_of(transport.seen.begin(), transport.seen.end(),
                       [&](const std::string& each) { return each.starts_with(what); });
  }

  Scripted transport;
  Console console;
  Wanted wanted;
  std::vector<push::Profile> kept;
  std::vector<std::int64_t> waits;
  std::string told;
  bool keeps = true;
};

TEST_F(Login, KeepsAKeyWhosePrivatePartWasNeverSent) {
  const auto made = run();
  ASSERT_TRUE(made.ok()) << made.error().message;
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].key_id, "key_new");
  EXPECT_EQ(kept[0].endpoint, "https://e.example");
  EXPECT_EQ(kept[0].tenant, "demo");
  const std::string secret{kept[0].secret.reveal()};
  EXPECT_THAT(secret, testing::StartsWith("whsk_"));
  for (const std::string& request : transport.seen)
    EXPECT_THAT(request, Not(HasSubstr(secret.substr(5, 20))));
  EXPECT_THAT(told, HasSubstr("BCDF-GHJK"));
  EXPECT_THAT(told, Not(HasSubstr("the-token")));
  EXPECT_THAT(transport.seen.back(), testing::StartsWith("POST " + kAt + "/auth/sign-out"));
}

TEST_F(Login, AViewerIsToldWhichRoleItTakes) {
  me("viewer", R"(["keys.read"])");
  const auto made = run();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "role");
  EXPECT_THAT(made.error().message, HasSubstr("operator or admin; ann@example.com is viewer of demo"));
  EXPECT_FALSE(asked("POST " + kTenant + "/keys"));
  EXPECT_TRUE(asked("POST " + kAt + "/auth/sign-out"));
}

TEST_F(Login, WithoutAnEdgeNoKeyIsMade) {
  transport.script["GET " + kTenant + "/settings"] = {{200, "", R"({"edge_url":null})", ""}};
  EXPECT_EQ(run().error().code, "endpoint");
  EXPECT_FALSE(asked("POST " + kTenant + "/keys"));
  wanted.endpoint = "https://named.example";
  EXPECT_EQ(run().value().profile.endpoint, "https://named.example");
}

TEST_F(Login, AKeyOfTheSameTenantIsRotatedAndOnlyThat) {
  wanted.before = {.endpoint = "https://e",
                   .key_id = "key_old",
                   .secret = Secret("whsk_x"),
                   .console = kAt,
                   .tenant = "demo"};
  on("POST " + kTenant + "/keys/key_old/rotate", 201, R"({"key":{"id":"key_next"}})");
  EXPECT_TRUE(run().value().rotated);
  EXPECT_EQ(kept.back().key_id, "key_next");
  transport.script["POST " + kTenant + "/keys/key_old/rotate"] = {{409, "", "{}", ""}};
  EXPECT_FALSE(run().value().rotated);
  EXPECT_EQ(kept.back().key_id, "key_new");
  transport.seen.clear();
  wanted.before.console = "https://other.example";
  EXPECT_FALSE(run().value().rotated);
  EXPECT_FALSE(asked("POST " + kTenant + "/keys/key_old/rotate"));
}

TEST_F(Login, AKeyThatCanNotBeKeptIsDisabledAgain) {
  keeps = false;
  on("POST " + kTenant + "/keys/key_new/disable", 200, "{}");
  const auto made = run();
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("the disk is full; the new key key_new is disabled again"));
}

TEST_F(Login, PollsAsTheConsoleWishes) {
  auto& answers = transport.script["POST " + kAt + "/auth/device/token"];
  answers = {{400, "", R"({"error":"authorization_pending"})", ""},
             {400, "", R"({"error":"slow_down"})", ""},
             {0, "", "", "cut"},
             {200, "", R"({"access_token":"t"})", ""}};
  EXPECT_TRUE(run().ok());
  EXPECT_THAT(waits, testing::ElementsAre(3000, 3000, 8000, 13000));
}

TEST_F(Login, ARefusedOrLateCodeEndsIt) {
  auto& answers = transport.script["POST " + kAt + "/auth/device/token"];
  answers = {{400, "", R"({"error":"access_denied"})", ""}};
  EXPECT_EQ(run().error().code, "denied");
  answers = {{400, "", R"({"error":"expired_token"})", ""}};
  EXPECT_EQ(run().error().code, "timeout");
  answers = {{400, "", R"({"error":"authorization_pending"})", ""}};
  EXPECT_EQ(run().error().code, "timeout");
}

TEST(ConsoleAddress, TakesOriginsOnly) {
  EXPECT_EQ(console_address("https://c.example:8443/").value(), "https://c.example:8443");
  EXPECT_TRUE(console_address("http://127.0.0.1:8081").ok());
  EXPECT_TRUE(console_address("http://[::1]:8081").ok());
  EXPECT_TRUE(console_address("http://localhost").ok());
  for (const char* wrong :
       {"", "c.example", "https://", "ftp://c", "https://c/path", "https://a@c", "http://c.example",
        "http://10.0.0.1:8081", "http://127.evil.example", "https://c?x"})
    EXPECT_FALSE(console_address(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace plumbline::auth
