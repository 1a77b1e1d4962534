#include "core/formats/formats.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/codec/decoder.h"
#include "core/codec/json_value.h"
#include "core/codec/json_writer.h"

namespace plumbline::formats {
namespace {

GateReport parsed(std::string_view text, Format format, const Options& options = {}) {
  EXPECT_EQ(guess(text), format);
  auto report = parse(format, text, options);
  EXPECT_TRUE(report.ok()) << report.error().message;
  if (!report) return {};
  // Whatever it is, its data must be a report that the edge takes.
  std::string line;
  codec::JsonWriter out(line);
  out.open_object().member("id", "0194f3a0-0000-7000-8000-000000000001").member("kind", "report");
  out.member("time", "2026-11-21T08:00:00Z").member("agent", "a").member("repo", "r");
  out.key("data").raw(report_data(*report)).close_object();
  codec::Decoder decoder;
  const auto decoded = decoder.decode(line, codec::Endpoint::kReports);
  EXPECT_TRUE(decoded.ok()) << decoded.error().message << "\n" << line.substr(0, 2000);
  return *report;
}

constexpr std::string_view kSarif = R"({"version":"2.1.0","runs":[{
  "tool":{"driver":{"name":"ESLint","rules":[
    {"id":"import/no-restricted-paths","shortDescription":{"text":"Zones"}},
    {"id":"no-eval","properties":{"security-severity":"9.1"},"messageStrings":{"bad":{"text":"{0} is {{bad}}"}}},
    {"id":"semi","defaultConfiguration":{"level":"note"}}]}},
  "artifacts":[{"location":{"uri":"src/third%20one.ts"}}],
  "versionControlProvenance":[{"repositoryUri":"https://git.example/a","revisionId":"c0ffee","branch":"main"}],
  "invocations":[{"executionSuccessful":true,"endTimeUtc":"2026-11-20T10:00:00.5Z"}],
  "results":[
    {"ruleId":"import/no-restricted-paths","level":"error","message":{"text":"core imports edge"},
     "locations":[{"physicalLocation":{"artifactLocation":{"uri":"src/core.ts"},"region":{"startLine":3,"endLine":4}}}]},
    {"ruleIndex":1,"message":{"id":"bad","arguments":["eval"]},
     "locations":[{"physicalLocation":{"artifactLocation":{"index":0}}}]},
    {"ruleId":"semi/sub","message":{"text":"first\nsecond"}},
    {"ruleId":"semi","message":{"text":"x"},"suppressions":[{"kind":"inSource"}]},
    {"ruleId":"semi","message":{"text":"x"},"kind":"pass"},
    {"ruleId":"semi","message":{"text":"x"},"baselineState":"absent"}]}]})";

TEST(Sarif, FindingsRulesPlacesAndFacts) {
  const GateReport report = parsed(kSarif, Format::kSarif);
  EXPECT_EQ(report.status(), GateStatus::kFail);
  EXPECT_EQ(report.repo, "https://git.example/a");
  EXPECT_EQ(report.commit, "c0ffee");
  EXPECT_EQ(report.branch, "main");
  EXPECT_EQ(format_rfc3339(report.time.value()), "2026-11-20T10:00:00.500000Z");
  ASSERT_EQ(report.findings.size(), 3U) << "suppressed, passed and absent results do not count";
  const Finding& layer = report.findings[0];
  EXPECT_EQ(layer.category, kLayerViolation);
  EXPECT_EQ(layer.title, "Zones");
  EXPECT_EQ(layer.severity, Severity::kHigh);
  EXPECT_EQ(layer.files, std::vector<std::string>{"src/core.ts"});
  EXPECT_EQ(layer.line, 3);
  EXPECT_EQ(layer.end_line, 4);
  const Finding& eval = report.findings[1];
  EXPECT_EQ(eval.id, "no-eval");
  EXPECT_EQ(eval.details, "eval is {bad}");
  EXPECT_EQ(eval.severity, Severity::kCritical);
  EXPECT_EQ(eval.files, std::vector<std::string>{"src/third one.ts"});
  const Finding& note = report.findings[2];
  EXPECT_EQ(note.severity, Severity::kLow) << "the level of the rule that the hierarchical id belongs to";
  EXPECT_EQ(note.title, "first");
}

TEST(Sarif, ARunThatFailedOrDidNotLook) {
  const auto status = [](std::string_view run) {
    return parsed(R"({"version":"2.1.0","runs":[)" + std::string(run) + "]}", Format::kSarif).status();
  };
  EXPECT_EQ(status(R"({"tool":{"driver":{"name":"x"}},"results":[]})"), GateStatus::kPass);
  EXPECT_EQ(status(R"({"tool":{"driver":{"name":"x"}}})"), GateStatus::kSkip);
  EXPECT_EQ(
      status(
          R"({"tool":{"driver":{"name":"x"}},"results":[],"invocations":[{"executionSuccessful":false}]})"),
      GateStatus::kError);
  EXPECT_EQ(parsed(R"({"version":"2.1.0","runs":[]})", Format::kSarif).status(), GateStatus::kSkip);
  EXPECT_FALSE(parse(Format::kSarif, R"({"version":"2.0.0","runs":[]})").ok());
  EXPECT_FALSE(parse(Format::kSarif, "{\"runs\":").ok());
}

TEST(Sarif, TheFailureLevelIsTheUsers) {
  const std::string_view text =
      R"({"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"ruleId":"r","message":{"text":"m"}}]}]})";
  EXPECT_EQ(parsed(text, Format::kSarif).status(), GateStatus::kPass) << "no level is a warning";
  EXPECT_EQ(parsed(text, Format::kSarif, {.fail_at = Severity::kMedium}).status(), GateStatus::kFail);
}

TEST(DependencyCruiser, RulesOnWhoDependsOnWhomAreLayers) {
  const GateReport report = parsed(R"({"modules":[],"summary":{"error":1,"violations":[
      {"type":"dependency","from":"src/ui/a.js","to":"src/db/b.js","rule":{"severity":"error","name":"ui-not-to-db"}},
      {"type":"cycle","from":"src/a.js","to":"src/b.js","rule":{"severity":"warn","name":"no-circular"}}],
      "ruleSetUsed":{"forbidden":[{"name":"ui-not-to-db","comment":"The page asks the service"}]}}})",
                                   Format::kDependencyCruiser);
  EXPECT_EQ(report.status(), GateStatus::kFail);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].category, kLayerViolation);
  EXPECT_EQ(report.findings[0].title, "The page asks the service");
  EXPECT_EQ(report.findings[0].files, std::vector<std::string>{"src/ui/a.js"});
  EXPECT_EQ(report.findings[1].category, "");
}

TEST(ImportLinter, BrokenContractsWithTheirImports) {
  const GateReport report = parsed(R"(
=============
Import Linter
=============

---------
Contracts
---------

Analyzed 12 files, 20 dependencies.
-----------------------------------

Layered architecture BROKEN
Nothing imports tests KEPT

Contracts: 1 kept, 1 broken.

----------------
Broken contracts
----------------

Layered architecture
--------------------

app.low is not allowed to import app.high:

- app.low.db -> app.high.page (l.8, l.12)
)",
                                   Format::kImportLinter);
  EXPECT_EQ(report.status(), GateStatus::kFail);
  EXPECT_EQ(report.gates.size(), 2U);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].id, "Layered architecture");
  EXPECT_EQ(report.findings[0].title, "app.low is not allowed to import app.high");
  EXPECT_EQ(report.findings[0].files, std::vector<std::string>{"app/low/db.py"});
  EXPECT_EQ(report.findings[0].line, 8);
  EXPECT_EQ(report.findings[0].category, kLayerViolation);
}

TEST(SonarQube, TheQualityGateAndItsConditions) {
  const GateReport report = parsed(R"({"serverUrl":"http://s","taskId":"t","status":"SUCCESS",
      "analysedAt":"2026-11-20T09:00:00+0100","revision":"c0ffee","project":{"key":"acme:app","name":"App"},
      "branch":{"name":"main","type":"LONG","isMain":true},"qualityGate":{"name":"Sonar way","status":"ERROR","conditions":[
        {"metric":"new_coverage","operator":"LESS_THAN","value":"12.5","status":"ERROR","errorThreshold":"80"},
        {"metric":"new_bugs","operator":"GREATER_THAN","status":"NO_VALUE","errorThreshold":"0"}]}})",
                                   Format::kSonarQube);
  EXPECT_EQ(report.status(), GateStatus::kFail);
  EXPECT_EQ(report.repo, "acme:app");
  EXPECT_EQ(report.branch, "main");
  EXPECT_EQ(format_rfc3339(report.time.value()), "2026-11-20T08:00:00.000000Z");
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].title, "new_coverage is 12.5, at least 80 is wanted");
  EXPECT_EQ(parsed(R"({"taskId":"t","status":"FAILED","project":{"key":"a"}})", Format::kSonarQube).status(),
            GateStatus::kError);
}

TEST(Scorecard, ChecksAndTheScore) {
  const GateReport report = parsed(R"({"date":"2026-11-20","repo":{"name":"github.com/a/b","commit":"c0ffee"},
      "scorecard":{"version":"v5"},"score":6.4,"checks":[
        {"name":"Branch-Protection","score":3,"reason":"not maximal","details":["Warn: x"]},
        {"name":"License","score":10,"reason":"found"},{"name":"Packaging","score":-1,"reason":"unknown"}]})",
                                   Format::kScorecard);
  EXPECT_EQ(report.status(), GateStatus::kFail);
  EXPECT_DOUBLE_EQ(report.score.value(), 64);
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_EQ(report.findings[0].title, "Branch-Protection: not maximal");
  EXPECT_EQ(report.gates[2].second, GateStatus::kSkip);
}

TEST(JUnit, FailuresErrorsAndArchUnit) {
  const GateReport report =
      parsed(R"xml(<?xml version="1.0"?><testsuites><testsuite name="arch" timestamp="2026-11-20T10:00:00">
      <testcase classname="LayersTest" name="layers"><failure 
      message="Architecture Violation [Priority: MEDIUM] - Rule 'no classes' was violated (1 times):&#10;Method &lt;a.B.c()&gt; calls method &lt;d.E.f()&gt; in (B.java:17)"/></testcase>
      <testcase classname="Plain" name="adds"><error message="boom">stack</error></testcase>
      <testcase classname="Plain" name="later"><skipped/></testcase></testsuite>
      <testsuite name="fine"><testcase name="ok"/></testsuite></testsuites>)xml",
             Format::kJUnit);
  EXPECT_EQ(report.status(), GateStatus::kFail);
  ASSERT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.findings[0].category, kLayerViolation);
  EXPECT_EQ(report.findings[0].files, std::vector<std::string>{"B.java"});
  EXPECT_EQ(report.findings[0].line, 17);
  EXPECT_EQ(report.findings[1].title, "adds");
  EXPECT_EQ(report.findings[1].details, "stack");
  EXPECT_EQ(report.gates[1], std::pair(std::string("fine"), GateStatus::kPass));
  EXPECT_FALSE(parse(Format::kJUnit, "<testsuite><testcase").ok());
  EXPECT_FALSE(parse(Format::kJUnit, "<html/>").ok());
}

// What real linters wrote (tests/data/linters/README.md).
TEST(RealLinters, AreRecognizedAndRead) {
  struct Case {
    const char* file;
    Format format;
    const char* tool;
    std::size_t findings;
    bool layer;
  };
  for (const Case& expected :
       {Case{"ruff.sarif", Format::kSarif, "ruff", 18, false},
        Case{"bandit.sarif", Format::kSarif, "Bandit", 4, false},
        Case{"eslint.sarif", Format::kSarif, "ESLint", 4, false},
        Case{"dependency-cruiser.json", Format::kDependencyCruiser, "dependency-cruiser", 1, true},
        Case{"import-linter.txt", Format::kImportLinter, "import-linter", 1, true}}) {
    SCOPED_TRACE(expected.file);
    std::ifstream in(std::string(PLUMBLINE_SOURCE_DIR "/tests/data/linters/") + expected.file,
                     std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const GateReport report = parsed(text, expected.format);
    EXPECT_EQ(report.tool, expected.tool);
    EXPECT_EQ(report.status(), GateStatus::kFail);
    ASSERT_EQ(report.findings.size(), expected.findings);
    EXPECT_EQ(report.findings[0].category == kLayerViolation, expected.layer);
    for (const Finding& finding : report.findings) {
      EXPECT_FALSE(finding.id.empty());
      EXPECT_FALSE(finding.title.empty());
      EXPECT_FALSE(finding.files.empty()) << finding.id;
    }
  }
}

TEST(GateReport, TextsAndFindingsAreBoundedAndStayValid) {
  GateReport report;
  report.tool = std::string(1000, 't');
  report.gate(std::string(2000, 'g') + "1", GateStatus::kPass);
  report.gate(std::string(2000, 'g') + "2", GateStatus::kFail);
  for (std::size_t n = 0; n < kFindingsMax + 10; ++n) {
    Finding finding;
    finding.severity = n % 100 == 0 ? Severity::kInfo : Severity::kHigh;
    if (n == 0) {
      for (int i = 0; i < 400; ++i) finding.title += "\u00fc\u00dc";
      finding.details = std::string(20000, '\xff');
    }
    report.findings.push_back(std::move(finding));
  }
  const std::string data = report_data(report);
  const auto back = codec::JsonValue::parse(data);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ((*back)["failures"].items().size(), kFindingsMax);
  EXPECT_EQ((*back)["summary"].members().size(), 1U);
  EXPECT_EQ((*back)["status"].text(), "FAIL");
}

// Found by tests/fuzz/formats: a name of a file that is no UTF-8 made a report that no edge takes.
TEST(GateReport, WhatIsNoTextIsReplaced) {
  GateReport report;
  report.gates.emplace_back("layers", GateStatus::kFail);
  Finding finding;
  finding.id = std::string("a\0b", 3);
  finding.title = "caf\xE9 \xED\xA0\x80 \xF4\x90\x80\x80 \xC0\x80 \xE2\x82\xAC";
  finding.files = {"src/\xFF.c"};
  report.findings.push_back(finding);
  const std::string data = report_data(report);
  EXPECT_THAT(data, testing::HasSubstr("a\xEF\xBF\xBD"
                                       "b"));
  EXPECT_THAT(data, testing::HasSubstr("src/\xEF\xBF\xBD.c"));
  EXPECT_THAT(data, testing::HasSubstr("\xE2\x82\xAC"));
  EXPECT_TRUE(codec::JsonValue::parse(data).ok());
}

TEST(Guess, KnowsWhatItIsNot) {
  for (const std::string_view text :
       {"", "   ", "{}", "[]", "{\"runs\":1}", "<html></html>", "plain text", "{\"a\":"})
    EXPECT_FALSE(guess(text).has_value()) << text;
}

}  // namespace
}  // namespace plumbline::formats
