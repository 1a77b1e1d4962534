// A form proves what the Decoder takes and nothing else: lines of all kinds, as they are written and with
// random damage, through both.
#include "core/codec/form_decoder.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/decoded_text.h"

namespace plumbline::codec {
namespace {

std::string envelope(const std::string& kind, const std::string& data, const std::string& more = "") {
  return R"({"id":"6513270e-269e-4d37-b2a7-4de452e6b438","kind":")" + kind +
         R"(","time":"2026-11-02T09:00:00.25Z","agent":"a","repo":"r",)" + more + R"("data":)" + data + "}";
}

struct Line {
  std::string text;
  Endpoint endpoint;
};

std::vector<Line> lines() {
  std::vector<Line> all;
  const std::filesystem::path source(PLUMBLINE_SOURCE_DIR);
  for (const char* name : {"agent-0.jsonl", "agent-1.jsonl", "agent-2.jsonl"}) {
    std::ifstream file(source / "tests/data/real" / name);
    for (std::string line; std::getline(file, line);)
      all.push_back({envelope("decision", line), Endpoint::kTraces});
  }
  std::ifstream file(source / "tests/data/real/rigour-reports.ndjson");
  for (std::string line; std::getline(file, line);) {
    const std::string report = line.substr(line.find("\"report\":") + 9);
    all.push_back({envelope("report", report.substr(0, report.rfind('}')), R"("branch": "main" ,)"),
                   Endpoint::kReports});
  }
  const std::string explained = R"({"action_type":"x","explanation":"a\nb\ud83d\ude00\"c\\","risk_score":)";
  for (const char* score : {"5", "1e1", "100", "0.0", "0"})
    all.push_back({envelope("decision", explained + score + R"(,"timestamp":"2026-11-02T09:00:00.25Z"})"),
                   Endpoint::kTraces});
  for (const char* rule : {"null", R"("r")", R"("")"})
    all.push_back({envelope("decision", R"({"action_type":"y","matched_rule_id":)" + std::string(rule) +
                                            R"(,"unknown":[1,"x",null,true,[],{},[{"a":1}]]})"),
                   Endpoint::kTraces});
  all.push_back(
      {envelope("session", R"({"event":"end","counts":{"prompts":3,"denied":1}})"), Endpoint::kTraces});
  all.push_back({envelope("span", R"({"name":"n","duration_us":12,"attributes":{"a.b":"c","d":[1,2]}})"),
                 Endpoint::kTraces});
  all.push_back(
      {envelope("report", R"({"status":"FAIL","summary":{"g":"PASS"},"stats":{"score":82.5},"failures":[
      {"id":"A","title":"t","files":["x","y"],"line":3},{"id":"B","title":"u","endLine":4},{"id":"C","title":"v","files":["z"]}]})"),
       Endpoint::kReports});
  all.push_back({R"({"data":{"event":"start"},"kind":"session","time":"2026-11-02T09:00:00Z","agent":"a",)"
                 R"("id":"6513270e-269e-4d37-b2a7-4de452e6b438"})",
                 Endpoint::kTraces});
  return all;
}

TEST(FormDecoder, SaysWhatTheDecoderSays) {
  Decoder plain;
  FormDecoder formed;
  for (int round = 0; round < 3; ++round) {
    for (const Line& line : lines()) {
      ASSERT_EQ(tests::text_of(formed.decode(line.text, line.endpoint)),
                tests::text_of(plain.decode(line.text, line.endpoint)))
          << line.text;
    }
  }
  EXPECT_GT(formed.proven() * 10, formed.lines() * 7) << formed.proven() << " of " << formed.lines();
}

TEST(FormDecoder, ALineOfTheOtherEndpointIsRefusedAsBefore) {
  FormDecoder decoder;
  const std::string line = envelope("session", R"({"event":"end"})");
  EXPECT_TRUE(decoder.decode(line, Endpoint::kTraces));
  EXPECT_TRUE(decoder.decode(line, Endpoint::kTraces));
  EXPECT_EQ(decoder.proven(), 1u);
  const auto wrong = decoder.decode(line, Endpoint::kReports);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "wrong_endpoint");
}

TEST(FormDecoder, ElementsOfAnArrayMayTakeTurns) {
  FormDecoder decoder;
  const auto report = [](const std::string& failures) {
    return envelope("report", R"({"status":"FAIL","failures":[)" + failures + "]}");
  };
  const std::string a = R"({"id":"A","title":"t"})", b = R"({"id":"B","title":"u","files":["x"]})";
  ASSERT_TRUE(decoder.decode(report(a + "," + b), Endpoint::kReports));
  for (const std::string& failures : {std::string(), a, b, b + "," + b + "," + a + "," + b}) {
    const std::string line = report(failures);  // what was read borrows from it
    const auto read = decoder.decode(line, Endpoint::kReports);
    ASSERT_TRUE(read);
    for (const Failure& failure : (*read)->report.failures)
      EXPECT_EQ(failure.files.size(), failure.id == "B" ? 1u : 0u);
  }
  EXPECT_EQ(decoder.proven(), 4u);
}

TEST(FormDecoder, WritersWithoutHabitsAreLeftAlone) {
  Decoder plain;
  FormDecoder decoder;
  for (int i = 0; i < 5000; ++i) {
    const std::string line =
        envelope("span", R"({"name":"n","attributes":{"name)" + std::to_string(i) + R"(":1}})");
    ASSERT_EQ(tests::text_of(decoder.decode(line, Endpoint::kTraces)),
              tests::text_of(plain.decode(line, Endpoint::kTraces)));
  }
}

// Damage that keeps most of a form: bytes changed, doubled, left out, swapped between lines.
TEST(FormDecoder, AgreesWithTheDecoderOnDamagedLines) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<Line> all = lines();
  constexpr std::string_view kBytes = "\"\\{}[]:, \n\t0123456789abcdefu-+.eEtnN\x80\xc3\xa4\x01\x7f";
  Decoder plain;
  std::uint64_t proven = 0, refused = 0;
  for (int round = 0; round < 40; ++round) {
    FormDecoder decoder;
    const std::size_t first = random() % all.size();
    for (int i = 0; i < 500; ++i) {
      const Line& line = all[(first + random() % 4) % all.size()];
      std::string text = line.text;
      ASSERT_EQ(tests::text_of(decoder.decode(text, line.endpoint)),
                tests::text_of(plain.decode(text, line.endpoint)));
      for (std::uint64_t damage = random() % 3; damage < 3; ++damage) {
        if (text.size() < 2) break;
        const std::size_t at = random() % text.size();
        switch (random() % 5) {
          case 0:
            text[at] = kBytes[random() % kBytes.size()];
            break;
          case 1:
            text.insert(at, 1, kBytes[random() % kBytes.size()]);
            break;
          case 2:
            text.erase(at, 1 + random() % 3);
            break;
          case 3:
            text.insert(at, text.substr(random() % text.size(), random() % 40));
            break;
          default: {
            const std::string& other = all[random() % all.size()].text;
            text = text.substr(0, at) + other.substr(std::min(at, other.size()));
          }
        }
      }
      const auto wanted = plain.decode(text, line.endpoint);
      const std::uint64_t before = decoder.proven();
      ASSERT_EQ(tests::text_of(decoder.decode(text, line.endpoint)), tests::text_of(wanted)) << text;
      proven += decoder.proven() - before;
      refused += !wanted;
    }
  }
  EXPECT_GT(proven, 100u);
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace plumbline::codec
