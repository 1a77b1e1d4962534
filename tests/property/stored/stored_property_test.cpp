// What the edge's decoder admits, PostgreSQL stores and gives back equal: the text byte for byte, and every
// column as PostgreSQL's own JSON reads it from that text. Documents: the examples, the real input, what
// fuzzing found worth keeping, and thousands of mutations of them that the decoder takes. PLUMBLINE_SEED
// repeats a run.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include <fmt/format.h>

#include "core/codec/decoder.h"
#include "tests/integration/persist/persist_fixture.h"

namespace plumbline::tests {
namespace {

class Documents {
 public:
  explicit Documents(std::uint64_t seed) : random_(seed) {
    const std::filesystem::path root(PLUMBLINE_SOURCE_DIR);
    for (const char* folder : {"schemas/examples/valid", "schemas/examples/invalid",
                               "tests/fuzz/decoder/corpus", "tests/fuzz/redact/corpus"}) {
      for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::string text{std::istreambuf_iterator<char>(file), {}};
        while (!text.empty() && text.back() == '\n') text.pop_back();
        seeds_.push_back(std::move(text));
      }
    }
    for (int agent = 0; agent < 3; ++agent) {
      const std::string name = "agent-" + std::to_string(agent);
      for (const std::string& entry : lines_of(name + ".jsonl"))
        seeds_.push_back(decision_event(name, entry));
    }
    for (const std::string& line : lines_of("rigour-reports.ndjson")) seeds_.push_back(report_event(line));
  }
  [[nodiscard]] const std::vector<std::string>& seeds() const { return seeds_; }

  std::string mutated() {
    std::string text = seeds_[below(seeds_.size())];
    for (std::uint64_t times = 1 + below(6); times > 0 && !text.empty(); --times) {
      static const std::string kPieces[] = {"\\u00e9",
                                            "\\ud83d\\ude80",
                                            "\\u0000",
                                            "\\ud800",
                                            "\\/",
                                            "\\\\",
                                            "\\\"",
                                            "\\u007f",
                                            "\\b",
                                            "\xC3\xA9",
                                            "\xF0\x9F\x9A\x80",
                                            "\xEF\xBB\xBF",
                                            "\xE2\x80\xA8",
                                            "1e5",
                                            "-0",
                                            "1E-300",
                                            "0.1",
                                            "1e400",
                                            "99999999999999999999",
                                            "null",
                                            "true",
                                            "{}",
                                            "[]",
                                            "\"a\":1,",
                                            "{\"\":0}",
                                            " ",
                                            "\t",
                                            "\x7F",
                                            "'",
                                            "$1",
                                            "\\.",
                                            "\\N"};
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text.insert(at, kPieces[below(std::size(kPieces))]);
          break;
        case 1:
          text.erase(at, 1 + below(3));
          break;
        case 2:
          text[at] = static_cast<char>(below(256));
          break;
        default:
          if (const std::size_t value = text.find(':', at); value != std::string::npos) {
            text.insert(value + 1, kPieces[below(std::size(kPieces))]);
          }
      }
    }
    return text;
  }
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

 private:
  std::mt19937_64 random_;
  std::vector<std::string> seeds_;
};

using StoredProperty = PersistTest;

// Columns that come from the text, each with PostgreSQL's reading of it. An empty text is stored as null.
std::vector<std::pair<std::string, std::string>> common_columns() {
  std::vector<std::pair<std::string, std::string>> all = {{"agent", "p->>'agent'"},
                                                          {"id::text", "lower(p->>'id')"}};
  for (const std::string name : {"session", "repo", "branch", "commit", "version"})
    all.emplace_back(name, "nullif(p->>'" + name + "', '')");
  return all;
}

TEST_F(StoredProperty, WhatIsAdmittedComesBackEqual) {
  const char* given = std::getenv("PLUMBLINE_SEED");
  const std::uint64_t seed = given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
  std::printf("PLUMBLINE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  Documents documents(seed);
  codec::Decoder decoder;
  std::map<Uuid, std::string> admitted;
  std::map<std::string, std::vector<std::string>> lines;  // by topic
  std::size_t tried = 0;
  const auto take = [&](const std::string& text) {
    ++tried;
    if (text.find_first_of("\r\n") != std::string::npos) return;  // the splitter never leaves one
    for (const auto endpoint : {codec::Endpoint::kTraces, codec::Endpoint::kReports}) {
      const auto read = decoder.decode(text, endpoint);
      // Retention and clocks are the edge's to judge by now; here only what the text is.
      if (!read || (*read)->time < *parse_rfc3339("2020-01-01T00:00:00Z") ||
          *parse_rfc3339("2026-11-20T10:00:00Z") < (*read)->time)
        continue;
      if (!admitted.emplace((*read)->id, text).second) continue;
      lines[endpoint == codec::Endpoint::kTraces ? "traces.v1" : "reports.v1"].push_back(text);
    }
  };
  for (const std::string& text : documents.seeds()) take(text);
  while (tried < 60'000) {
    std::string text = documents.mutated();
    // A life of its own: most mutations keep their seed's id.
    const std::size_t at = text.find("\"id\":");
    const std::size_t open = at == std::string::npos ? at : text.find('"', at + 5);
    if (open != std::string::npos && open + 37 < text.size() && text[open + 37] == '"')
      text.replace(open + 1, 8, fmt::format("{:08x}", documents.below(0xFFFFFFFF)));
    take(text);
  }
  ASSERT_GT(lines["traces.v1"].size(), 2000u);
  ASSERT_GT(lines["reports.v1"].size(), 200u);

  FrameOptions frame;
  for (const auto& [topic, all] : lines) {
    frame.topic = topic;
    frame.seq = 0;
    for (std::size_t i = 0; i < all.size(); i += 50, ++frame.seq) {
      put(frame, {all.begin() + static_cast<std::ptrdiff_t>(i),
                  all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), i + 50))});
    }
  }
  drain();
  EXPECT_EQ(number("SELECT count(*) FROM plumbline.dead_letters"), 0)
      << text("SELECT string_agg(DISTINCT reason || ' ' || detail, ', ') FROM plumbline.dead_letters");

  for (const char* table : {"traces", "reports"}) {
    const auto rows = require(super_.query(std::string("SELECT id, payload FROM plumbline.") + table));
    EXPECT_EQ(static_cast<std::size_t>(rows.size()), lines[std::string(table) + ".v1"].size());
    for (int row = 0; row < rows.size(); ++row)
      EXPECT_EQ(rows.text(row, 1), admitted.at(*Uuid::parse(rows.text(row, 0))));
    auto columns = common_columns();
    if (std::string(table) == "traces") {
      columns.emplace_back("kind", "p->>'kind'");
      for (const std::string name : {"action_type", "confidence", "prompt_type", "autonomy_mode",
                                     "risk_category", "policy_hash", "matched_rule_id"})
        columns.emplace_back(
            name, "CASE p->>'kind' WHEN 'decision' THEN nullif(p#>>'{data," + name + "}', '') END");
      columns.emplace_back("risk_score",
                           "CASE p->>'kind' WHEN 'decision' THEN (p#>>'{data,risk_score}')::numeric END");
    } else {
      columns.emplace_back("status", "p#>>'{data,status}'");
      for (const std::string name : {"score", "ai_health_score", "structural_score", "duration_ms"})
        columns.emplace_back(name, "(p#>>'{data,stats," + name + "}')::float8");
    }
    for (const auto& [column, expected] : columns) {
      EXPECT_EQ(
          number(fmt::format("SELECT count(*) FROM (SELECT *, payload::jsonb AS p FROM plumbline.{}) t WHERE "
                             "{} IS DISTINCT FROM {}",
                             table, column, expected)),
          0)
          << table << "." << column << ", such as "
          << text(fmt::format(
                 "SELECT payload FROM (SELECT *, payload::jsonb AS p FROM plumbline.{}) t WHERE {} IS "
                 "DISTINCT FROM {} LIMIT 1",
                 table, column, expected));
    }
  }
}

}  // namespace
}  // namespace plumbline::tests
