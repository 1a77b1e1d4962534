#include "core/codec/report_summary.h"

#include <set>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/codec/json_writer.h"

namespace plumbline::codec {
namespace {

using Rule = std::tuple<std::string, std::string, std::string>;

struct Rules {
  std::vector<Rule> listed;
  std::string json() const {
    std::string out;
    for (const auto& [id, title, category] : listed) {
      out += out.empty() ? "{\"id\":" : ",{\"id\":";
      append_json_string(out, id);
      out += ",\"title\":";
      append_json_string(out, title);
      if (!category.empty()) {
        out += ",\"category\":";
        append_json_string(out, category);
      }
      out += '}';
    }
    return out;
  }
};

std::string line_of(const std::string& names, const Rules& rules, const std::string& status = "FAIL") {
  return R"({"id":"018f0000-0000-7000-8000-000000000001","kind":"report","time":"2026-03-01T12:00:00.000123Z",)"
         R"("agent":"ci",)" +
         names + R"("data":{"status":")" + status + R"(","failures":[)" + rules.json() + "]}}";
}

std::optional<std::string> summary_of(const std::string& line) {
  Decoder decoder;
  const auto decoded = decoder.decode(line, Endpoint::kReports);
  if (!decoded) throw std::runtime_error(decoded.error().message + "\n" + line);
  std::string out = "before";
  if (!append_report_summary(**decoded, out)) {
    EXPECT_EQ(out, "before");
    return std::nullopt;
  }
  return out.substr(6);
}

std::vector<Rule> rules_of(const ReportSummary& summary) {
  std::vector<Rule> found;
  SummaryRules rules(summary.rules);
  for (SummaryRules::One one; rules.next(one);) found.emplace_back(one.id, one.title, one.category);
  return found;
}

TEST(ReportSummary, SaysWhatTheLineDoes) {
  const auto text =
      summary_of(line_of(R"("repo":"o/r","branch":"main","commit":"c0ffee","version":"2.1",)",
                         {{{"a", "A", ""}, {"a", "A", ""}, {"b", "B", "style"}, {"a", "A", ""}}}));
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            "1\t018f0000-0000-7000-8000-000000000001\t1772366400000123\tFAIL\to/r\tmain\tc0ffee\t2.1\t"
            "a\tA\t\tb\tB\tstyle");
  const auto read = parse_report_summary(*text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, *Uuid::parse("018f0000-0000-7000-8000-000000000001"));
  EXPECT_EQ(read->time.value, 1772366400000123);
  EXPECT_EQ(std::tuple(read->status, read->repo, read->branch, read->commit, read->version),
            std::tuple("FAIL", "o/r", "main", "c0ffee", "2.1"));
  EXPECT_EQ(rules_of(*read), (std::vector<Rule>{{"a", "A", ""}, {"b", "B", "style"}}));
}

TEST(ReportSummary, WithoutRulesAndNames) {
  const auto text = summary_of(line_of("", {}, "PASS"));
  ASSERT_TRUE(text);
  const auto read = parse_report_summary(*text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->repo, "");
  EXPECT_EQ(read->version, "");
  EXPECT_TRUE(rules_of(*read).empty());
}

TEST(ReportSummary, ThereIsNoneOfWhatItsLayoutCantHold) {
  EXPECT_FALSE(summary_of(line_of(R"("branch":"a\tb",)", {})));
  EXPECT_FALSE(summary_of(line_of(R"("commit":"a\nb",)", {})));
  EXPECT_FALSE(summary_of(line_of("", {{{"a", "x\ty", ""}}})));
  Rules longer;
  for (char c = 'a'; c < 'k'; ++c) longer.listed.emplace_back(std::string(1, c), std::string(500, c), "");
  EXPECT_FALSE(summary_of(line_of("", longer)));
  Rules many;
  for (std::size_t i = 0; i < kSummaryRulesMax; ++i) many.listed.emplace_back(std::to_string(i), "t", "");
  EXPECT_TRUE(summary_of(line_of("", many)));
  many.listed.emplace_back("one more", "t", "");
  EXPECT_FALSE(summary_of(line_of("", many)));
}

TEST(ReportSummary, WhatIsNoSummaryIsNotTakenForOne) {
  const std::string good = *summary_of(line_of("", {{{"a", "A", ""}}}));
  ASSERT_TRUE(parse_report_summary(good));
  for (const std::string& wrong :
       {std::string(), std::string("1"), "2" + good.substr(1), good.substr(0, 30), good + "\tmore",
        good.substr(0, good.rfind('\t')), "1\tno-uuid" + good.substr(38),
        good.substr(0, 39) + "x" + good.substr(39)}) {
    EXPECT_FALSE(parse_report_summary(wrong)) << wrong;
  }
}

// Whatever a report's texts are: a summary has them all, or there is none.
TEST(ReportSummary, HoldsEveryTextAsItIs) {
  rc::check([] {
    const auto text = rc::gen::map(rc::gen::container<std::string>(rc::gen::inRange<char>(31, 127)),
                                   [](std::string made) { return made.empty() ? std::string("x") : made; });
    Rules rules;
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) rules.listed.emplace_back(*text, *text, *text);
    std::string branch;
    append_json_string(branch, *text);
    const std::string line = line_of("\"branch\":" + branch + ",", rules);
    Decoder decoder;
    const auto decoded = decoder.decode(line, Endpoint::kReports);
    RC_PRE(decoded.ok());
    const DecodedTrace& trace = **decoded;
    std::string made;
    bool control = trace.branch.find('\x1f') != std::string_view::npos;
    std::set<Rule> expected;
    for (const Failure& failure : trace.report.failures) {
      expected.emplace(failure.id, failure.title, failure.category);
      for (const std::string_view one : {failure.id, failure.title, failure.category})
        control = control || one.find('\x1f') != std::string_view::npos;
    }
    RC_ASSERT(append_report_summary(trace, made) == !control);
    if (control) return;
    const auto read = parse_report_summary(made);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->branch == trace.branch);
    const auto found = rules_of(*read);
    RC_ASSERT(std::set<Rule>(found.begin(), found.end()) == expected);
    RC_ASSERT(found.size() == expected.size());
  });
}

}  // namespace
}  // namespace plumbline::codec
