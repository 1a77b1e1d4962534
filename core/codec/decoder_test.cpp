#include "core/codec/decoder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plumbline::codec {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kExamples = std::filesystem::path(PLUMBLINE_SOURCE_DIR) / "schemas/examples";

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string envelope(const std::string& kind, const std::string& data) {
  return R"({"id":"6513270e-269e-4d37-b2a7-4de452e6b438","kind":")" + kind +
         R"(","time":"2026-11-02T09:00:00.25Z","agent":"a","repo":"r","data":)" + data + "}";
}

std::string code(Decoder& decoder, std::string_view line, Endpoint endpoint = Endpoint::kTraces) {
  const auto decoded = decoder.decode(line, endpoint);
  return decoded ? "ok" : decoded.error().code;
}

TEST(Decoder, FillsTheColumnsOfADecision) {
  Decoder decoder;
  const std::string data =
      R"({"action_type":"deny","risk_score":3e1,"matched_rule_id":null,"prev_hash":"","hash":")" +
      std::string(64, 'a') + R"(","policy_hash":"\u00e4\ud83d\ude00"})";
  const std::string line = envelope("decision", data);
  const auto decoded = decoder.decode(line, Endpoint::kTraces);
  ASSERT_TRUE(decoded) << decoded.error().message;
  const DecodedTrace& trace = **decoded;
  EXPECT_EQ(trace.kind, Kind::kDecision);
  EXPECT_EQ(trace.id.to_string(), "6513270e-269e-4d37-b2a7-4de452e6b438");
  EXPECT_EQ(format_rfc3339(trace.time), "2026-11-02T09:00:00.250000Z");
  EXPECT_EQ(trace.agent, "a");
  EXPECT_EQ(trace.repo, "r");
  EXPECT_TRUE(trace.branch.empty());
  EXPECT_EQ(trace.data, data);
  EXPECT_EQ(trace.decision.risk_score, 30);
  EXPECT_EQ(trace.decision.hash, std::string(64, 'a'));
  EXPECT_TRUE(trace.decision.has_prev_hash);
  EXPECT_FALSE(trace.decision.has_action_value);
  EXPECT_TRUE(trace.decision.matched_rule_id.empty());
  EXPECT_EQ(trace.decision.policy_hash, "\u00e4\U0001F600");
}

TEST(Decoder, FillsSessionAndReport) {
  Decoder decoder;
  const std::string session = envelope("session", R"({"event":"end","counts":{"prompts":3,"denied":1}})");
  const auto ended = decoder.decode(session, Endpoint::kTraces);
  ASSERT_TRUE(ended) << ended.error().message;
  ASSERT_EQ((*ended.value()).session_data.counts.size(), 2u);
  EXPECT_EQ((*ended.value()).session_data.counts[1].name, "denied");
  EXPECT_EQ((*ended.value()).session_data.counts[1].value, 1);

  const std::string report =
      envelope("report", R"({"status":"FAIL","summary":{"g":"PASS"},"stats":{"score":82.5},"failures":[
      {"id":"A","title":"t","files":["x","y"],"line":3},{"id":"B","title":"u","endLine":4},{"id":"C","title":"v","files":["z"]}]})");
  const auto failed = decoder.decode(report, Endpoint::kReports);
  ASSERT_TRUE(failed) << failed.error().message;
  const Report& found = (*failed.value()).report;
  EXPECT_EQ(found.status, "FAIL");
  EXPECT_EQ(found.score, 82.5);
  EXPECT_FALSE(found.duration_ms.has_value());
  ASSERT_EQ(found.failures.size(), 3u);
  EXPECT_EQ(found.failures[0].files.size(), 2u);
  EXPECT_EQ(found.failures[0].line, 3);
  EXPECT_FALSE(found.failures[1].line.has_value());
  EXPECT_TRUE(found.failures[1].files.empty());
  ASSERT_EQ(found.failures[2].files.size(), 1u);
  EXPECT_EQ(found.failures[2].files[0], "z");
  EXPECT_EQ(found.summary[0].name, "g");
}

TEST(Decoder, TakesDataBeforeItsKind) {
  Decoder decoder;
  const std::string line =
      R"({"data":{"action_type":"\u0064eny"},"kind":"decision","id":"6513270e-269e-4d37-b2a7-4de452e6b438",)"
      R"("time":"2026-11-02T09:00:00Z","agent":"a\n"})";
  const auto decoded = decoder.decode(line, Endpoint::kTraces);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ((*decoded.value()).decision.action_type, "deny");
  EXPECT_EQ((*decoded.value()).agent, "a\n");
}

TEST(Decoder, NamesThePlaceAndTheBoundAndNoContent) {
  Decoder decoder;
  const auto score =
      decoder.decode(envelope("decision", R"({"action_type":"x","risk_score":101})"), Endpoint::kTraces);
  ASSERT_FALSE(score);
  EXPECT_EQ(score.error().message, "/data/risk_score must be at most 100");
  const auto unknown =
      decoder.decode(envelope("decision", R"({"secret":{"inner":[0,"\u0000"]}})"), Endpoint::kTraces);
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("/data/*/*/1 has \\u0000"));
  EXPECT_THAT(unknown.error().message, Not(HasSubstr("secret")));
}

TEST(Decoder, JudgesInItsOrder) {
  Decoder decoder;
  EXPECT_EQ(code(decoder, std::string(2 << 20, 'x')), "too_large");
  EXPECT_EQ(code(decoder, envelope("thought", R"({"a":1,"a":2})")), "invalid_json");
  EXPECT_EQ(code(decoder, envelope("report", R"({"status":"x"})")), "schema");
  EXPECT_EQ(code(decoder, envelope("report", R"({"status":"PASS","failures":[]})")), "wrong_endpoint");
  EXPECT_EQ(code(decoder, envelope("session", R"({"event":"end"})"), Endpoint::kReports), "wrong_endpoint");
  EXPECT_EQ(code(decoder, envelope("session", R"({"event":"end"})")), "ok");
}

// Every prefix of a line in a block of its own size, so that a sanitizer sees any read behind its end.
TEST(Decoder, ReadsNothingBehindTheLine) {
  Decoder decoder;
  const std::string line = read(kExamples / "valid/envelope.decision-escapes.json");
  for (std::size_t size = 0; size + 2 < line.size(); ++size) {
    const auto exact = std::make_unique<char[]>(size);
    std::copy_n(line.data(), size, exact.get());
    EXPECT_EQ(code(decoder, {exact.get(), size}), "invalid_json") << size;
  }
}

TEST(Decoder, JudgesTheGoldenExamples) {
  Decoder decoder;
  int seen = 0;
  for (const char* folder : {"valid", "invalid"}) {
    for (const auto& entry : std::filesystem::directory_iterator(kExamples / folder)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("envelope.")) continue;
      const std::string text = read(entry.path());
      std::string verdict = code(decoder, text);
      if (verdict == "wrong_endpoint") verdict = code(decoder, text, Endpoint::kReports);
      const std::string expected = folder == std::string("valid")        ? "ok"
                                   : name.starts_with("envelope.schema") ? "schema"
                                                                         : "invalid_json";
      EXPECT_EQ(verdict, expected) << name;
      ++seen;
    }
  }
  EXPECT_GT(seen, 90);
}

// Decisions of AtlasBridge and reports of Rigour, as those packages write them.
TEST(Decoder, TakesAllRealLines) {
  Decoder decoder;
  const std::filesystem::path real = std::filesystem::path(PLUMBLINE_SOURCE_DIR) / "tests/data/real";
  int seen = 0;
  for (const char* name : {"agent-0.jsonl", "agent-1.jsonl", "agent-2.jsonl"}) {
    std::ifstream file(real / name);
    for (std::string line; std::getline(file, line); ++seen) {
      const std::string wrapped = envelope("decision", line);
      const auto decoded = decoder.decode(wrapped, Endpoint::kTraces);
      ASSERT_TRUE(decoded) << decoded.error().message;
      EXPECT_EQ((*decoded.value()).data, line);
      EXPECT_EQ((*decoded.value()).decision.hash.size(), 64u);
    }
  }
  std::ifstream file(real / "rigour-reports.ndjson");
  for (std::string line; std::getline(file, line); ++seen) {
    const std::string report = line.substr(line.find("\"report\":") + 9);
    const std::string wrapped = envelope("report", report.substr(0, report.rfind('}')));
    const auto decoded = decoder.decode(wrapped, Endpoint::kReports);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_TRUE((*decoded.value()).report.score.has_value());
  }
  EXPECT_EQ(seen, 391);
}

// A large line leaves no memory behind that a small one would need to be right.
// Found by redact_fuzz: the cast of such a count was undefined.
TEST(Decoder, ACountBeyondItsBoundsIsRefusedAndNeverCast) {
  Decoder decoder;
  for (const char* count : {"2e52", "-2e52", "9007199254740992", "-1"}) {
    const std::string line =
        envelope("session", R"({"event":"end","counts":{"prompts":)" + std::string(count) + "}}");
    EXPECT_EQ(code(decoder, line), "schema") << count;
  }
}

// Found by codec_property: a zero byte behind true, false or null was taken for the end of the value.
TEST(Decoder, NothingButSpaceOrPunctuationStandsBehindAValue) {
  Decoder decoder;
  for (const char* value : {"true", "false", "null", "1", "\"x\"", "{}", "[]"}) {
    for (int byte = 0; byte < 256; ++byte) {
      const char behind = static_cast<char>(byte);
      if (std::string_view(" \t\n\r").find(behind) != std::string_view::npos) continue;
      if (value == std::string_view("1") &&
          std::string_view("0123456789.eE").find(behind) != std::string_view::npos)
        continue;  // may go on
      if (behind == ',' || behind == ']' || behind == '}') continue;
      const std::string line = envelope("thought", std::string(R"({"a":[)") + value + behind + "]}");
      EXPECT_EQ(code(decoder, line), "invalid_json") << value << " " << byte;
    }
  }
}

TEST(Decoder, GoesFromLargeToSmall) {
  Decoder decoder;
  std::string large =
      envelope("decision", R"({"action_type":"x","explanation":")" + std::string(900000, '\\') + R"("})");
  const std::string small = envelope("decision", R"({"action_type":"x"})");
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(code(decoder, large), "ok");
    EXPECT_EQ(code(decoder, small), "ok");
  }
}

}  // namespace
}  // namespace plumbline::codec
