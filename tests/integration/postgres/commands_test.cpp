// What an operator types, against a real database: plumbline migrate, tenant, key, ledger, dead, doctor.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "core/crypto/seal.h"
#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

struct Answer {
  int status = -1;
  std::string text;  // standard output and error
  [[nodiscard]] bool has(const std::string& part) const { return text.find(part) != std::string::npos; }
};

struct Commands : testing::Test {
  TestDatabase db{PostgresCluster::shared(), false};
  std::filesystem::path folder;
  std::string url = db.conninfo();

  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "plumbline-commands-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    write_master_key("master.key");
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void write_master_key(const std::string& name) const {
    std::ofstream(folder / name) << crypto::random_master_key().reveal();
    std::filesystem::permissions(folder / name, std::filesystem::perms::owner_read);
  }
  Answer run(const std::string& words, const std::string& master = "master.key") const {
    const std::string command = "cd " + folder.string() + " && PLUMBLINE_POSTGRES_URL='" + url +
                                "' PLUMBLINE_KEYS_MASTER_KEY_FILE=" + (folder / master).string() +
                                " " PLUMBLINE_BINARY " " + words + " 2>&1";
    Answer answer;
    FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer;
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      answer.text.append(buffer.data(), n);
    answer.status = WEXITSTATUS(::pclose(pipe));
    return answer;
  }
  static std::string word(const Answer& answer, const std::string& start) {
    const auto from = answer.text.find(start);
    if (from == std::string::npos) return {};
    return answer.text.substr(from, answer.text.find_first_of(" \n", from) - from);
  }
};

TEST_F(Commands, FromAnEmptyDatabaseToAnErasedTenant) {
  EXPECT_TRUE(run("migrate --show").has("to come  0001_roles.sql"));
  EXPECT_TRUE(run("migrate").has("applied 0001_roles.sql"));
  EXPECT_FALSE(run("migrate").has("applied"));

  EXPECT_EQ(run("tenant create acme --name 'Acme Inc' --retention-days 30").status, 0);
  EXPECT_TRUE(run("tenant create acme").has("exists already"));
  EXPECT_EQ(run("tenant create acme").status, 1);
  EXPECT_TRUE(run("tenant ls").has("Acme Inc"));
  EXPECT_TRUE(run("tenant limits acme --burst 77").has("burst 77"));
  EXPECT_TRUE(run("tenant limits acme --burst 0").has("bursts: 1 to"));
  EXPECT_TRUE(run("tenant suspend acme").has("suspended"));
  EXPECT_TRUE(run("tenant resume acme").has("active"));
  EXPECT_TRUE(run("tenant show nobody").has("no tenant nobody"));

  const Answer made = run("key create acme");
  const std::string key = word(made, "key_"), secret = word(made, "whsec_");
  EXPECT_EQ(key.size(), 26u) << made.text;
  EXPECT_EQ(secret.size(), 6u + 44u);
  const Answer rotated = run("key rotate " + key + " --overlap-hours 2");
  EXPECT_TRUE(rotated.has("old     " + key + " is valid until")) << rotated.text;
  EXPECT_NE(word(rotated, "whsec_"), secret);
  EXPECT_TRUE(run("key rotate " + key).has("is not active"));
  const Answer keys = run("key ls acme");
  EXPECT_TRUE(keys.has("retiring") && keys.has("active") && !keys.has("whsec_")) << keys.text;
  EXPECT_TRUE(run("key create acme --algorithm v1a").has("whsk_"));
  EXPECT_TRUE(run("key revoke " + key).has("revoked"));
  EXPECT_TRUE(run("key publish --all").has("wait in the outbox"));

  EXPECT_EQ(run("ledger").status, 0);
  EXPECT_TRUE(run("ledger --tenant acme").has("balanced"));
  EXPECT_EQ(run("dead ls").status, 0);
  EXPECT_EQ(run("dead show nothing").status, 1);

  EXPECT_TRUE(run("tenant export acme --to out").has("signing_keys     3 rows written"));
  EXPECT_TRUE(std::filesystem::exists(folder / "out" / "tenants.ndjson"));
  EXPECT_EQ(std::filesystem::status(folder / "out" / "tenants.ndjson").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(run("tenant erase acme").status, 1);
  EXPECT_EQ(run("tenant erase acme --yes acme").status, 0);
  EXPECT_TRUE(run("tenant ls").has("erased"));
  EXPECT_EQ(run("key create acme").status, 1);
}

TEST_F(Commands, DoctorSaysWhatToDo) {
  EXPECT_TRUE(run("doctor").has("run `plumbline migrate`"));
  EXPECT_TRUE(run("tenant ls").has("plumbline migrate"));
  ASSERT_EQ(run("migrate").status, 0);
  ASSERT_EQ(run("tenant create acme").status, 0);
  ASSERT_EQ(run("key create acme").status, 0);
  const Answer well = run("doctor");
  EXPECT_TRUE(well.has("1 of 1 sealed keys open")) << well.text;
  EXPECT_TRUE(well.has("ok    migrations")) << well.text;
  write_master_key("other.key");
  const Answer other = run("doctor", "other.key");
  EXPECT_EQ(other.status, 1);
  EXPECT_TRUE(other.has("0 of 1 sealed keys open")) << other.text;
  url = "host=127.0.0.1 port=1 dbname=x user=x";
  EXPECT_TRUE(run("doctor").has("FAIL  PostgreSQL"));
  EXPECT_EQ(run("ledger").status, 1);
}

}  // namespace
}  // namespace plumbline::tests
