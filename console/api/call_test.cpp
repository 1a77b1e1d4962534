#include "console/api/call.h"

#include <gtest/gtest.h>

#include "console/api/attempts.h"
#include "console/api/client_sign_in.h"
#include "console/api/endpoints.h"
#include "console/api/people.h"

namespace plumbline::console {
namespace {

using namespace std::chrono_literals;

TEST(Call, DecodesNamesAndValuesOfAQuery) {
  Call call;
  call.query = "a=1&b=x%20y+z&c&d=%zz&a=2&%65=5";
  EXPECT_EQ(call.parameter("a"), "1");
  EXPECT_EQ(call.parameter("b"), "x y z");
  EXPECT_EQ(call.parameter("c"), "");
  EXPECT_EQ(call.parameter("d"), "%zz");
  EXPECT_EQ(call.parameter("e"), "5");
  EXPECT_EQ(call.parameter("f"), std::nullopt);
  EXPECT_EQ(percent_decode("%00", false), std::nullopt);
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
  EXPECT_EQ(percent_encode("a b/\xc3\xa4"), "a%20b%2F%C3%A4");
}

TEST(Call, FindsACookieByItsWholeName) {
  Call call;
  call.cookie = "xplumbline_session=1; plumbline_session=abc=; plumbline_session_more=2";
  EXPECT_EQ(call.cookie_value("plumbline_session"), "abc=");
  EXPECT_EQ(call.cookie_value("plumbline"), "");
}

TEST(Endpoints, EachPermissionIsInTheTableAndEachPathFindsItself) {
  for (const Endpoint& endpoint : endpoints()) {
    const bool special = endpoint.permission == kPublic || endpoint.permission == kSignedIn;
    EXPECT_TRUE(special || may(Role::kAdmin, endpoint.permission)) << endpoint.path;
    const Match found = match(endpoint.method, endpoint.path);
    ASSERT_NE(found.endpoint, nullptr) << endpoint.path;
    EXPECT_EQ(found.endpoint->path, endpoint.path);
  }
  EXPECT_EQ(match("GET", "/api/v1/tenants/a/sessions/x%2Fy").parts, (std::vector<std::string>{"a", "x/y"}));
  EXPECT_EQ(match("GET", "/api/v1/tenants//repos").endpoint, nullptr);
  EXPECT_EQ(match("GET", "/api/v1/me/").endpoint, nullptr);
  EXPECT_TRUE(match("POST", "/api/v1/me").other_method);
}

TEST(Permissions, GrowWithTheRole) {
  for (const Permission& permission : permissions()) {
    EXPECT_TRUE(may(Role::kAdmin, permission.name));
    EXPECT_LE(may(Role::kViewer, permission.name), may(Role::kOperator, permission.name));
  }
  EXPECT_FALSE(may(Role::kAdmin, "everything"));
}

TEST(Attempts, CountsByKeyAndForgetsTheLongestUnused) {
  Attempts attempts(2, 10s, 2);
  const Attempts::Moment now{};
  EXPECT_EQ(attempts.count("a", now), 0s);
  EXPECT_EQ(attempts.count("a", now), 0s);
  EXPECT_EQ(attempts.count("a", now + 3s), 7s);
  EXPECT_EQ(attempts.count("b", now), 0s);
  EXPECT_EQ(attempts.count("a", now + 10s), 0s);
  EXPECT_EQ(attempts.count("c", now + 10s), 0s);  // b is forgotten
  EXPECT_EQ(attempts.count("b", now + 10s), 0s);
}

TEST(Redirects, OfCommandLinesStayOnThisMachine) {
  EXPECT_TRUE(is_loopback_redirect("http://127.0.0.1:1/"));
  EXPECT_TRUE(is_loopback_redirect("http://[::1]:65535/callback"));
  for (const char* uri :
       {"http://localhost:1/", "http://127.0.0.1/", "http://127.0.0.1:/", "http://127.0.0.1:1",
        "http://127.0.0.1:1@evil/", "http://127.0.0.1:123456/", "https://127.0.0.1:1/",
        "http://127.0.0.1:1/?x", "http://127.0.0.1:1/ x", "http://127.0.0.1:1/\r\n"}) {
    EXPECT_FALSE(is_loopback_redirect(uri)) << uri;
  }
}

TEST(People, AnAddressIsOneAddress) {
  EXPECT_TRUE(is_email("ann@example.com"));
  for (const char* text : {"", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\r\nc", "a@b,c@d", "<a@b>"})
    EXPECT_FALSE(is_email(text)) << text;
}

}  // namespace
}  // namespace plumbline::console
