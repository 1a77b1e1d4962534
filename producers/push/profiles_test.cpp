#include "producers/push/profiles.h"

#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "producers/push/credentials.h"
#include "tests/support/process/process.h"

namespace plumbline::push {
namespace {

using testing::HasSubstr;

class Profiles : public testing::Test {
 protected:
  void put(const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    chmod(file.c_str(), 0600);
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
  }
  [[nodiscard]] int mode() const {
    struct stat info {};
    EXPECT_EQ(stat(file.c_str(), &info), 0);
    return static_cast<int>(info.st_mode & 0777);
  }
  [[nodiscard]] Result<Credentials> find(const std::string& flag, std::map<std::string, std::string> more) {
    more["XDG_CONFIG_HOME"] = folder.path().string();
    CredentialFlags flags;
    flags.profile = flag;
    return find_credentials(flags, [more](const char* name) {
      const auto at = more.find(name);
      return at == more.end() ? std::nullopt : std::optional(at->second);
    });
  }

  test::TempFolder folder{"profiles"};
  std::filesystem::path file = folder.path() / "plumbline" / "credentials";
};

constexpr const char* kTwo =
    "# mine\nendpoint = https://one\nkey_id = key_1\nsecret = whsec_1\n\n[work]\n# theirs\nendpoint = "
    "https://two\nkey_id = key_2\nsecret = whsec_2\n";

TEST_F(Profiles, LinesBeforeASectionAreTheDefault) {
  put(kTwo);
  const auto profiles = read_profiles(file);
  ASSERT_TRUE(profiles.ok()) << profiles.error().message;
  ASSERT_EQ(profiles->size(), 2U);
  EXPECT_EQ((*profiles)[0].name, "default");
  EXPECT_EQ((*profiles)[0].key_id, "key_1");
  EXPECT_EQ((*profiles)[1].name, "work");
  EXPECT_EQ((*profiles)[1].endpoint, "https://two");
}

TEST_F(Profiles, AWriteKeepsEverythingElse) {
  put(kTwo);
  Profile changed{.name = "work", .endpoint = "https://three", .key_id = "key_3", .secret = Secret("whsk_3")};
  changed.tenant = "acme";
  ASSERT_TRUE(write_profile(file, changed).ok());
  EXPECT_EQ(text(),
            "# mine\nendpoint = https://one\nkey_id = key_1\nsecret = whsec_1\n\n[work]\nendpoint = "
            "https://three\nkey_id = key_3\nsecret = whsk_3\ntenant = acme\n# theirs\n");
  ASSERT_TRUE(
      write_profile(file, {.endpoint = "https://four", .key_id = "key_4", .secret = Secret("s")}).ok());
  EXPECT_THAT(text(),
              testing::StartsWith("# mine\nendpoint = https://four\nkey_id = key_4\nsecret = s\n\n[work]\n"));
  EXPECT_TRUE(*remove_profile(file, "work"));
  EXPECT_FALSE(*remove_profile(file, "work"));
  EXPECT_EQ(text(), "# mine\nendpoint = https://four\nkey_id = key_4\nsecret = s\n\n# theirs\n");
  EXPECT_EQ(mode(), 0600);
}

TEST_F(Profiles, ANewFileIsItsOwnersOnly) {
  ASSERT_TRUE(
      write_profile(file, {.name = "ci", .endpoint = "https://e", .key_id = "k", .secret = Secret("s")})
          .ok());
  EXPECT_EQ(mode(), 0600);
  ASSERT_TRUE(write_profile(file, {.endpoint = "https://d", .key_id = "k", .secret = Secret("s")}).ok());
  EXPECT_EQ(
      text(),
      "endpoint = https://d\nkey_id = k\nsecret = s\n\n[ci]\nendpoint = https://e\nkey_id = k\nsecret = s\n");
  EXPECT_FALSE(write_profile(file, {.endpoint = "https://d\nsecret = x", .key_id = "k"}).ok());
}

TEST_F(Profiles, WhatOthersCanReadIsNeitherReadNorWritten) {
  put(kTwo);
  chmod(file.c_str(), 0640);
  EXPECT_FALSE(read_profiles(file));
  const Status written = write_profile(file, {.endpoint = "https://d", .key_id = "k"});
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("chmod 600"));
  EXPECT_EQ(text(), kTwo);
}

TEST_F(Profiles, ALinkStaysALink) {
  put(kTwo);
  std::filesystem::rename(file, folder.path() / "elsewhere");
  std::filesystem::create_symlink(folder.path() / "elsewhere", file);
  ASSERT_TRUE(write_profile(file, {.endpoint = "https://d", .key_id = "k"}).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(file));
  EXPECT_THAT(text(), HasSubstr("https://d"));
}

TEST_F(Profiles, WritersAtTheSameTimeLoseNothing) {
  std::vector<std::jthread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([this, i] {
      EXPECT_TRUE(
          write_profile(file, {.name = "p" + std::to_string(i), .endpoint = "https://e", .key_id = "k"})
              .ok());
    });
  }
  writers.clear();
  EXPECT_EQ(read_profiles(file)->size(), 8U);
}

TEST_F(Profiles, AFlagNamesAProfileThenTheEnvironment) {
  put(kTwo);
  EXPECT_EQ(find("", {})->key_id, "key_1");
  EXPECT_EQ(find("", {{"PLUMBLINE_PROFILE", "work"}})->key_id, "key_2");
  EXPECT_EQ(find("default", {{"PLUMBLINE_PROFILE", "work"}})->key_id, "key_1");
  EXPECT_EQ(find("", {{"PLUMBLINE_PROFILE", "work"}, {"PLUMBLINE_KEY_ID", "key_e"}})->key_id, "key_e");
  // Halves of two keys are never mixed where somebody named a profile.
  EXPECT_EQ(find("work", {{"PLUMBLINE_KEY_ID", "key_e"}, {"PLUMBLINE_ENDPOINT", "https://e"}})->key_id,
            "key_2");
  const auto none = find("home", {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("it has default, work"));
  EXPECT_THAT(none.error().message, HasSubstr("plumb auth login --profile home"));
}

}  // namespace
}  // namespace plumbline::push
