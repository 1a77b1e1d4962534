// What drift sees of a report is the same with the edge's summary of it as without, whatever the report and
// the tenant's matchers. Seeded; the seed is printed.
#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "consumers/drift/decode.h"
#include "core/codec/decoder.h"
#include "core/codec/json_writer.h"
#include "core/codec/report_summary.h"

namespace plumbline::drift {
namespace {

std::uint64_t seed() {
  const char* given = std::getenv("PLUMBLINE_SEED");
  const std::uint64_t made = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("PLUMBLINE_SEED=%llu\n", static_cast<unsigned long long>(made));
  return made;
}

class Reports {
 public:
  explicit Reports(std::uint64_t seed) : random_(seed) {}

  std::string next() {
    std::string line = fmt::format(
        R"({{"id":"{}","kind":"report","time":"{}","agent":"ci")", Uuid::random().to_string(),
        format_rfc3339({1'700'000'000'000'000 + static_cast<std::int64_t>(random_() % 10'000'000'000)}));
    for (const char* name : {"repo", "branch", "commit", "version"}) {
      if (random_() % 4 > 0) member(line, name, text());
    }
    static constexpr const char* kStatus[] = {"PASS", "FAIL", "SKIP", "ERROR"};
    line += fmt::format(R"(,"data":{{"status":"{}")", kStatus[random_() % 4]);
    return line + R"(,"failures":[)" + failures() + "]}}";
  }
  Matchers matchers() {
    Matchers made;
    if (random_() % 2 == 0) return made;
    made.ids = {"lint*", "Layer"};
    made.words = {"domain"};
    return made;
  }

 private:
  static void member(std::string& out, std::string_view name, const std::string& value) {
    out += fmt::format(",\"{}\":", name);
    codec::append_json_string(out, value);
  }
  std::string text() {
    static constexpr const char* kTexts[] = {"main",          "o/r \u00e4",    "a\tb",   "new\nline",
                                             "no-layer-skip", "ARCH_BOUNDARY", "lint/x", "domain",
                                             "\"quoted\\",    "player"};
    return kTexts[random_() % std::size(kTexts)];
  }
  std::string failures() {
    std::string all;
    std::string last;
    for (std::size_t count = random_() % (random_() % 16 == 0 ? 60 : 5); count > 0; --count) {
      if (last.empty() || random_() % 3 == 0) {
        last = "{\"id\":";
        codec::append_json_string(last, text() + (random_() % 2 == 0 ? std::to_string(random_() % 50) : ""));
        member(last, "title", text());
        if (random_() % 2 == 0) member(last, "category", text());
        if (random_() % 2 == 0) last += R"(,"severity":"high","files":["a.ts","b.ts"])";
        last += '}';
      }
      all += (all.empty() ? "" : ",") + last;
    }
    return all;
  }

  std::mt19937_64 random_;
};

TEST(DriftSummary, SaysNothingElseThanTheLine) {
  Reports reports(seed());
  codec::Decoder decoder;
  ReportDecoder with, without;
  int summed = 0, layers = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string line = reports.next();
    const Matchers matchers = reports.matchers();
    const auto decoded = decoder.decode(line, codec::Endpoint::kReports);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message << "\n" << line;
    std::string summary;
    summed += codec::append_report_summary(**decoded, summary) ? 1 : 0;
    with.begin();
    const auto a = with.decode(line, summary, matchers);
    const auto b = without.decode(line, {}, matchers);
    ASSERT_TRUE(a.ok() && b.ok()) << line;
    ASSERT_EQ(a->repo, b->repo) << line;
    ASSERT_EQ(a->branch, b->branch) << line;
    ASSERT_EQ(a->key, b->key) << line;
    ASSERT_EQ(a->judged, b->judged) << line;
    if (!a->judged) continue;
    ASSERT_EQ(a->passed, b->passed) << line;
    ASSERT_EQ(a->commit, b->commit) << line;
    ASSERT_EQ(a->version, b->version) << line;
    ASSERT_EQ(a->layer, b->layer) << line;
    ASSERT_EQ(a->layer_total, b->layer_total) << line;
    layers += a->layer_total > 0 ? 1 : 0;
  }
  EXPECT_GT(summed, 500) << "there is something to compare";
  EXPECT_GT(layers, 500);
}

// A record whose summary is of a later version or damaged is read from its line.
TEST(DriftSummary, WhatItDoesNotUnderstandItReadsFromTheLine) {
  ReportDecoder decoder;
  codec::Decoder judge;
  const std::string line =
      R"({"id":"018f0000-0000-7000-8000-000000000001","kind":"report","time":"2026-03-01T12:00:00Z","agent":"ci",)"
      R"("repo":"r","data":{"status":"PASS","failures":[]}})";
  std::string summary;
  ASSERT_TRUE(codec::append_report_summary(**judge.decode(line, codec::Endpoint::kReports), summary));
  for (const std::string& wrong : {"2" + summary.substr(1), summary.substr(0, 50), std::string("1")}) {
    const auto seen = decoder.decode(line, wrong, {});
    ASSERT_TRUE(seen.ok());
    EXPECT_EQ(seen->repo, "r");
    EXPECT_TRUE(seen->passed);
  }
  EXPECT_FALSE(decoder.decode("{", "1\tnot one", {}).ok());
}

}  // namespace
}  // namespace plumbline::drift
