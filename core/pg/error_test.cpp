#include "core/pg/error.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "core/pg/connection.h"
#include "core/pg/migrate.h"

namespace plumbline::pg {
namespace {

TEST(Classify, SaysWhatMayBeDone) {
  for (const char* state :
       {"", "08006", "40001", "40P01", "53300", "53100", "57P01", "57P03", "57014", "55P03", "25006"}) {
    EXPECT_EQ(classify(state), Fault::kRetryable) << state;
  }
  for (const char* state : {"23505", "23503", "22P02", "22003", "22P05", "54000", "P0001", "21000"}) {
    EXPECT_EQ(classify(state), Fault::kPoison) << state;
  }
  for (const char* state : {"42P01", "42601", "42501", "28P01", "3D000", "XX000", "0A000"}) {
    EXPECT_EQ(classify(state), Fault::kFatal) << state;
  }
}

TEST(Classify, TellsAPolicyFromAPrivilege) {
  EXPECT_EQ(classify("42501", "ExecWithCheckOptions"), Fault::kPoison);
  EXPECT_EQ(classify("42501", "aclcheck_error"), Fault::kFatal);
}

TEST(Connect, RefusesAConninfoThatIsNone) {
  const auto made = Connection::connect({.conninfo = "host", .password = {}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "conninfo");
  EXPECT_EQ(made.error().fault, Fault::kFatal);
}

TEST(Connect, AServerThatIsNotThereIsRetryable) {
  const auto made =
      Connection::connect({.conninfo = "host=127.0.0.1 port=1 dbname=x user=x", .password = {}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "connection");
  EXPECT_EQ(made.error().fault, Fault::kRetryable);
}

TEST(Embedded, MigrationsRiseByNumber) {
  int last = 0;
  for (const Migration& m : embedded_migrations()) {
    EXPECT_GT(m.version, last);
    EXPECT_FALSE(m.sql.empty());
    last = m.version;
  }
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace plumbline::pg
