// A backup that pg_dump takes while traces stream in, restored into a new database while they still do: the
// consumers read on from the backup's own positions, everything that was answered 202 is stored once and the
// ledger balances. On the embedded log, the log's folder is then moved to another place as well.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/chaos/stream.h"

namespace plumbline::tests {
namespace {

namespace fs = std::filesystem;

class Restore : public testing::TestWithParam<Backend> {
 protected:
  Restore() : stack_(GetParam()) {}

  // A PostgreSQL tool of the server's version as the superuser; its output ends in a file.
  void tool(const std::string& command, const std::string& words) {
    const std::string line = std::string(PLUMBLINE_PG_BIN) + "/" + command + " -h 127.0.0.1 -p " +
                             std::to_string(stack_.postgres().port()) + " -U postgres " + words + " >>" +
                             (stack_.folder() / "tools.log").string() + " 2>&1";
    ASSERT_EQ(std::system(line.c_str()), 0) << line;
  }
  [[nodiscard]] std::uint64_t rows() const {
    return std::strtoull(stack_.value("SELECT count(*) FROM plumbline.traces").c_str(), nullptr, 10);
  }
  Stack stack_;
};

TEST_P(Restore, ABackupTakenUnderLoadBalances) {
  stack_.start_roles();
  const Tenant acme = stack_.create_tenant("acme"), globex = stack_.create_tenant("globex");
  ASSERT_TRUE(test::wait_for([&] { return accepts(stack_, acme) && accepts(stack_, globex); }))
      << stack_.logs();
  Stream stream(stack_.edge_port(), {acme.signer, globex.signer}, 1, 40);
  ASSERT_TRUE(test::wait_for([&] { return rows() > 2000; })) << stack_.logs();

  const std::string dump = (stack_.folder() / "plumbline.dump").string();
  const std::string name = stack_.database().name();
  tool("pg_dump", "-Fc -f " + dump + " " + name);
  const std::uint64_t at_dump = rows();
  ASSERT_TRUE(test::wait_for([&] { return rows() > at_dump + 2000; })) << stack_.logs();

  // The disaster: PostgreSQL's data is gone. The edge goes on, as it does not need it.
  stack_.persist().kill9();
  tool("dropdb", "--force " + name);
  const std::size_t before = stream.accepted();
  ASSERT_TRUE(test::wait_for([&] { return stream.accepted() > before + 1000; })) << stack_.logs();
  tool("createdb", "-O plumbline " + name);
  tool("pg_restore", "--exit-on-error -d " + name + " " + dump);
  EXPECT_LT(rows(), stream.accepted());
  stack_.persist().start();
  const std::uint64_t restored = rows();
  ASSERT_TRUE(test::wait_for([&] { return rows() > restored + 2000; })) << stack_.logs();
  std::set<Uuid> accepted = stream.end();

  if (GetParam() == Backend::kEmbedded) {
    // Stopped, copied, started from the copy: the other half of a backup.
    EXPECT_EQ(stack_.edge().terminate(), 0);
    EXPECT_EQ(stack_.persist().terminate(), 0);
    const fs::path log = stack_.folder() / "log", copy = stack_.folder() / "log.copy";
    fs::copy(log, copy, fs::copy_options::recursive);
    fs::remove_all(log);
    fs::rename(copy, log);
    stack_.edge().start();
    stack_.persist().start();
    ASSERT_TRUE(test::wait_for([&] { return accepts(stack_, acme); })) << stack_.logs();
    Stream after(stack_.edge_port(), {globex.signer}, 2, 40);
    ASSERT_TRUE(test::wait_for([&] { return after.accepted() > 500; })) << stack_.logs();
    accepted.merge(after.end());
  }

  EXPECT_TRUE(test::wait_for([&] { return not_stored(stack_.database(), accepted).empty(); },
                             std::chrono::seconds(90)))
      << not_stored(stack_.database(), accepted).size() << " of " << accepted.size() << " are missing\n"
      << stack_.logs();
  EXPECT_EQ(stack_.value("SELECT count(*) - count(DISTINCT id) FROM plumbline.traces"), "0");
  EXPECT_TRUE(test::wait_for([&] {
    return stack_.value("SELECT bool_and(balanced) FROM plumbline.ledger_balance") == "t";
  })) << stack_.plumbline("ledger");
  // The restored tables are as closed as the first ones: nobody reads without a tenant.
  auto reader = stack_.database().connect("plumbline_reader");
  EXPECT_EQ(require(reader.query("SELECT count(*) FROM plumbline.traces")).text(0, 0), "0");
}

INSTANTIATE_TEST_SUITE_P(Logs, Restore, testing::Values(Backend::kEmbedded, Backend::kKafka),
                         [](const auto& each) { return to_string(each.param); });

}  // namespace
}  // namespace plumbline::tests
