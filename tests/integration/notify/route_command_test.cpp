// What an operator types: plumbline route, against a real database.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/crypto/seal.h"
#include "tests/support/postgres.h"
#include "tests/support/process/process.h"

namespace plumbline::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RouteCommand : public testing::Test {
 protected:
  RouteCommand() {
    write("master.key", std::string(crypto::random_master_key().reveal()));
    write("token", "xoxb-1-2-three");
    write("url", "https://hooks.example.com/services/T0/B0/secret");
    run("tenant create acme");
  }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_.path() / name) << content << '\n';
    std::filesystem::permissions(folder_.path() / name, std::filesystem::perms::owner_read);
  }
  // Standard output and error; sets status_.
  std::string run(const std::string& words) {
    const std::string command =
        "cd " + folder_.path().string() + " && PLUMBLINE_POSTGRES_URL='" + db_.conninfo() +
        "' PLUMBLINE_KEYS_MASTER_KEY_FILE=master.key " PLUMBLINE_BINARY " " + words + " 2>&1";
    FILE* pipe = ::popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer;
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      text.append(buffer.data(), n);
    status_ = WEXITSTATUS(::pclose(pipe));
    return text;
  }

  TestDatabase db_;
  test::TempFolder folder_{"route-command"};
  int status_ = -1;
};

TEST_F(RouteCommand, ARouteFromAddToRemove) {
  EXPECT_THAT(
      run("route add acme team --kind slack_app --to C0123 --secret-file token --repo 'acme/*' --repo "
          "'other/**' --severity high --quiet 22:00-07:00 --time-zone Europe/Berlin --admin"),
      AllOf(HasSubstr("team  slack_app  C0123  active"), HasSubstr("quiet 22:00-07:00 Europe/Berlin"),
            HasSubstr("acme/*,other/**"), Not(HasSubstr("xoxb"))));
  EXPECT_EQ(status_, 0);
  EXPECT_THAT(run("route add acme hook --kind webhook --to https://example.com/h"), HasSubstr("whsec_"));
  EXPECT_THAT(run("route add acme ann --kind email --to ann@example.com"), HasSubstr("smtp.url is not set"));
  EXPECT_THAT(run("route ls acme"), AllOf(HasSubstr("team"), HasSubstr("hook"), Not(HasSubstr("whsec_"))));
  EXPECT_THAT(run("route ls"), HasSubstr("acme  team"));
  EXPECT_THAT(run("route mute acme team --for 8h"), HasSubstr("muted until 2"));
  EXPECT_THAT(run("route mute acme team"), HasSubstr("  muted  "));
  EXPECT_THAT(run("route unmute acme team"), Not(HasSubstr("muted")));
  EXPECT_THAT(run("route enable acme team --resubscribe"), HasSubstr("active"));
  EXPECT_THAT(run("route rotate acme hook"), HasSubstr("whsec_"));
  EXPECT_THAT(run("route rotate acme hook --drop-old"), HasSubstr("newest secret only"));
  EXPECT_THAT(run("route test acme hook --wait 1"), HasSubstr("no notify role took it up"));
  EXPECT_EQ(status_, 1);
  EXPECT_THAT(run("route log acme hook"), HasSubstr("test  -  pending"));
  EXPECT_THAT(run("route rm acme hook"), HasSubstr("removed hook"));
  EXPECT_THAT(run("route rm acme hook"), HasSubstr("no route hook"));
  EXPECT_EQ(status_, 1);
  // What it holds leaves with the tenant, sealed secrets stay behind at an export.
  EXPECT_THAT(run("tenant export acme --to out"), HasSubstr("notify_routes"));
  std::ifstream rows(folder_.path() / "out" / "notify_routes.ndjson");
  const std::string text((std::istreambuf_iterator<char>(rows)), {});
  EXPECT_THAT(text, AllOf(HasSubstr("C0123"), Not(HasSubstr("sealed_secret"))));
  EXPECT_THAT(run("tenant erase acme --yes acme"), HasSubstr("notify_routes"));
  EXPECT_EQ(status_, 0);
}

TEST_F(RouteCommand, WrongWordsAreRefusedWithTheWayOut) {
  const std::string add = "route add acme x ";
  EXPECT_THAT(run(add + "--kind email --to 'a@b,c@d'"), HasSubstr("write one address"));
  EXPECT_THAT(run(add + "--kind slack_app --to general --secret-file token"), HasSubstr("channel id"));
  EXPECT_THAT(run(add + "--kind slack_app --to C012 --secret-file url"), HasSubstr("starts with xoxb-"));
  EXPECT_THAT(run(add + "--kind slack_webhook --to https://hooks.example.com/x --secret-file url"),
              HasSubstr("its URL is a secret"));
  EXPECT_THAT(run(add + "--kind slack_webhook --to general"), HasSubstr("--secret-file is missing"));
  EXPECT_THAT(run(add + "--kind webhook --to example.com"), HasSubstr("is no URL"));
  EXPECT_THAT(run(add + "--kind email --to a@b.c --quiet 25:00-07:00"), HasSubstr("22:00-07:00"));
  EXPECT_THAT(run(add + "--kind email --to a@b.c --quiet 07:00-07:00"), HasSubstr("two different times"));
  EXPECT_THAT(run(add + "--kind email --to a@b.c --time-zone Mars/Base"), HasSubstr("Europe/Berlin"));
  EXPECT_THAT(run(add + "--kind email --to a@b.c --event drift.gone"),
              HasSubstr("drift.opened, drift.updated"));
  EXPECT_THAT(run("route add acme 'Bad Name' --kind email --to a@b.c"), HasSubstr("Name: a-z"));
  EXPECT_EQ(status_, 1);
  EXPECT_EQ(run("route ls acme"), "");
}

}  // namespace
}  // namespace plumbline::tests
