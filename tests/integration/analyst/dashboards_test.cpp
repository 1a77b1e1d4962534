// What ops/ asks for is there: each metric of the operation dashboard and of the alert rules in /metrics of a
// whole `plumbline up`, each SQL of the organization dashboard for an analyst.
#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/codec/json_value.h"
#include "tests/integration/analyst/live.h"

namespace plumbline::tests {
namespace {

using codec::JsonValue;

// Texts of a member, however deep.
void collect(const JsonValue& value, std::string_view member, std::vector<std::string>& into) {
  for (const auto& [name, inner] : value.members()) {
    if (name == member && inner.is(JsonValue::Kind::kText)) into.emplace_back(inner.text());
    collect(inner, member, into);
  }
  for (const JsonValue& item : value.items()) collect(item, member, into);
}

JsonValue dashboard(const std::string& name) {
  return require(JsonValue::parse(read_file("ops/grafana/" + name + ".json")));
}

std::set<std::string> metrics_named_in(const std::string& text) {
  std::set<std::string> found;
  const std::regex name("plumbline_[a-z0-9_]+");
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) found.insert(at->str());
  return found;
}

// Counters, gauges and the series of histograms.
bool shows(const std::string& metrics, const std::string& name) {
  static const std::regex part("_(bucket|sum|count)$");
  for (const std::string& family : {name, std::regex_replace(name, part, "")}) {
    if (metrics.find("\n" + family + "{") != std::string::npos ||
        metrics.find("\n" + family + " ") != std::string::npos ||
        metrics.find("\n" + family + "_bucket{") != std::string::npos) {
      return true;
    }
  }
  return false;
}

// Grafana's macros as its PostgreSQL data source writes them.
std::string without_macros(std::string sql) {
  sql = std::regex_replace(sql, std::regex(R"(\$__timeFilter\(([^)]+)\))"),
                           "$1 BETWEEN now() - interval '30 days' AND now()");
  sql = std::regex_replace(sql, std::regex(R"(\$__timeFrom\(\))"), "(now() - interval '30 days')");
  sql = std::regex_replace(sql, std::regex(R"(\$__timeTo\(\))"), "now()");
  return std::regex_replace(sql, std::regex(R"('?\$\{?repo(:\w+)?\}?'?)"), "'rxjs'");
}

TEST(Dashboards, EveryMetricOfTheOperationDashboardIsThere) {
  std::vector<std::string> expressions;
  collect(dashboard("plumbline-operation"), "expr", expressions);
  EXPECT_GE(expressions.size(), 20u);
  const std::string metrics = Live::shared().metrics();
  for (const std::string& expression : expressions) {
    EXPECT_EQ(std::count(expression.begin(), expression.end(), '('),
              std::count(expression.begin(), expression.end(), ')'))
        << expression;
    for (const std::string& name : metrics_named_in(expression))
      EXPECT_TRUE(shows(metrics, name)) << name << " in " << expression;
  }
}

TEST(Dashboards, EveryMetricOfTheAlertRulesIsThere) {
  const std::string rules = read_file("ops/prometheus/alerts.yaml");
  const std::string metrics = Live::shared().metrics();
  const std::regex line("expr: (.+)");
  int n = 0;
  for (std::sregex_iterator at(rules.begin(), rules.end(), line), end; at != end; ++at, ++n) {
    for (const std::string& name : metrics_named_in(at->str(1)))
      EXPECT_TRUE(shows(metrics, name)) << name << " in " << at->str(1);
  }
  EXPECT_GE(n, 10);
}

TEST(Dashboards, EveryQueryOfTheOrganizationDashboardRuns) {
  const JsonValue page = dashboard("plumbline-organization");
  auto analyst = Live::shared().analyst();
  std::vector<std::string> all;
  collect(page, "rawSql", all);
  collect(page["templating"], "query", all);
  int ran = 0;
  for (const std::string& sql : all) {
    if (sql.rfind("SELECT", 0) != 0 && sql.rfind("WITH", 0) != 0) continue;  // the data source's own name
    const auto rows = analyst.query(without_macros(sql));
    EXPECT_TRUE(rows.ok()) << sql << "\n" << (rows.ok() ? "" : rows.error().message);
    ++ran;
  }
  EXPECT_GE(ran, 10);
}

}  // namespace
}  // namespace plumbline::tests
