// TLS through the conninfo: a server whose certificate is right is accepted, any other refused.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace plumbline::tests {
namespace {

std::string read_all(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A self-signed certificate for `host` in folder/name.{key,crt}.
void make_certificate(const std::string& folder, const std::string& name, const std::string& host) {
  const std::string base = folder + "/" + name;
  const std::string command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=" + host +
                              " -addext subjectAltName=DNS:" + host + " -keyout " + base + ".key -out " +
                              base + ".crt >" + base + ".out 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << read_all(base + ".out");
}

struct Tls : testing::Test {
  PostgresCluster cluster{
      {.settings = {}, .hba = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"}};

  void SetUp() override {
    make_certificate(cluster.folder(), "right", "localhost");
    make_certificate(cluster.folder(), "other", "localhost");
    make_certificate(cluster.folder(), "elsewhere", "elsewhere.example");
  }
  void serve(const std::string& certificate) {
    const std::string base = cluster.folder() + "/" + certificate;
    cluster.write_file("server.key", read_all(base + ".key"));
    cluster.write_file("server.crt", read_all(base + ".crt"));
    auto super = require(pg::Connection::connect(
        {.conninfo = cluster.socket_conninfo("postgres", "postgres"), .password = {}}));
    for (const char* setting :
         {"ssl = on", "ssl_cert_file = '../server.crt'", "ssl_key_file = '../server.key'"}) {
      ASSERT_TRUE(super.execute(std::string("ALTER SYSTEM SET ") + setting).ok());
    }
    cluster.restart();
  }
  Result<pg::Connection> connect(const std::string& mode, const std::string& root) {
    return pg::Connection::connect(
        {.conninfo = "host=localhost hostaddr=127.0.0.1 port=" + std::to_string(cluster.port()) +
                     " dbname=postgres user=plumbline sslmode=" + mode + " sslrootcert=" + cluster.folder() +
                     "/" + root + ".crt",
         .password = {}});
  }
};

TEST_F(Tls, VerifyFullAcceptsTheRightServerOnly) {
  serve("right");
  auto made = require(connect("verify-full", "right"));
  EXPECT_EQ(require(made.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).text(0, 0), "t");

  const auto wrong_ca = connect("verify-full", "other");
  ASSERT_FALSE(wrong_ca.ok());
  EXPECT_NE(wrong_ca.error().message.find("certificate"), std::string::npos) << wrong_ca.error().message;
  EXPECT_FALSE(connect("disable", "right").ok()) << "the server asks for TLS";

  serve("elsewhere");
  const auto wrong_name = connect("verify-full", "elsewhere");
  ASSERT_FALSE(wrong_name.ok());
  EXPECT_NE(wrong_name.error().message.find("elsewhere.example"), std::string::npos)
      << wrong_name.error().message;
}

}  // namespace
}  // namespace plumbline::tests
