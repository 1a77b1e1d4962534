// docs/analyst.md says what is so: its dictionary is the database's comments, its queries run.
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sinks/postgres/dictionary.h"
#include "tests/integration/analyst/live.h"

namespace plumbline::tests {
namespace {

constexpr const char* kPage = "docs/analyst.md";
// Everything behind this line is made by `plumbline analyst dictionary`.
constexpr const char* kMarker = "<!-- made by `plumbline analyst dictionary` from here on -->\n";

std::vector<std::string> queries() {
  const std::string page = read_file(kPage);
  std::vector<std::string> found;
  const std::string open = "```sql\n", close = "\n```";
  for (auto at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
    at += open.size();
    const auto end = page.find(close, at);
    found.push_back(page.substr(at, end - at));
    at = end;
  }
  return found;
}

// PLUMBLINE_UPDATE=1 writes the page instead of comparing.
TEST(AnalystDocs, TheDictionaryIsUpToDate) {
  auto connection = Live::shared().stack().database().connect();
  const std::string made = require(postgres::analyst_dictionary(connection));
  const std::string page = read_file(kPage);
  const auto at = page.find(kMarker);
  ASSERT_NE(at, std::string::npos);
  const std::string right = page.substr(0, at) + kMarker + made;
  if (std::getenv("PLUMBLINE_UPDATE") != nullptr) {
    std::ofstream(std::string(PLUMBLINE_SOURCE_DIR) + "/" + kPage) << right;
    return;
  }
  if (page == right) return;
  std::size_t line = 1, i = 0;
  for (; i < page.size() && i < right.size() && page[i] == right[i]; ++i) line += page[i] == '\n' ? 1 : 0;
  FAIL() << kPage << ":" << line
         << " is not what the database says; run this test with PLUMBLINE_UPDATE=1. Expected: "
         << right.substr(i, 200);
}

TEST(AnalystDocs, EveryTableViewAndColumnSaysWhatItIs) {
  auto super = Live::shared().stack().database().superuser();
  auto rows = require(super.query(
      "SELECT k.relname || coalesce('.' || a.attname, '') FROM pg_class k LEFT JOIN pg_attribute a ON "
      "a.attrelid = "
      "k.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE k.relnamespace = 'plumbline'::regnamespace AND "
      "k.relkind "
      "IN ('r', 'p', 'v') AND NOT k.relispartition AND (obj_description(k.oid, 'pg_class') IS NULL OR "
      "col_description(k.oid, a.attnum) IS NULL) ORDER BY 1"));
  for (int i = 0; i < rows.size(); ++i) ADD_FAILURE() << rows.text(i, 0) << " has no comment";
}

TEST(AnalystDocs, TheQueriesRunAndAnswer) {
  auto analyst = Live::shared().analyst();
  const auto all = queries();
  EXPECT_GE(all.size(), 8u);
  for (const std::string& sql : all) {
    const auto rows = analyst.query(sql);
    ASSERT_TRUE(rows.ok()) << sql << "\n" << rows.error().message;
    EXPECT_GT(rows->size(), 0) << sql;
  }
}

TEST(AnalystDocs, AnotherTenantsAnalystGetsNothingFromThem) {
  auto& live = Live::shared();
  live.stack().plumbline("analyst add other-analyst --tenant other");
  auto other = require(pg::Connection::connect(
      {.conninfo = live.stack().postgres().conninfo(live.stack().database().name(), "other-analyst")}));
  (void)require(other.query("SELECT set_config('plumbline.tenant', $1, false)", {live.tenant().id}));
  for (const std::string& sql : queries()) EXPECT_EQ(require(other.query(sql)).size(), 0) << sql;
  live.stack().plumbline("analyst rm other-analyst");
}

}  // namespace
}  // namespace plumbline::tests
