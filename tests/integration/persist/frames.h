// Frames as an edge writes them, and the real input as events.
#pragma once
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/crypto/uuid5.h"
#include "core/time.h"
#include "core/uuid.h"
#include "tests/integration/persist/rows.h"
#include "tests/integration/persist/script_log.h"

namespace plumbline::tests {

inline std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream file(std::string(PLUMBLINE_SOURCE_DIR) + "/tests/data/real/" + name);
  if (!file) throw std::runtime_error("no real input " + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The text of the first member `name` of a JSON object whose value is a string without escapes.
inline std::string text_member(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\"";
  std::size_t at = json.find(key);
  if (at == std::string_view::npos) return {};
  at = json.find('"', json.find(':', at)) + 1;
  return std::string(json.substr(at, json.find('"', at) - at));
}

inline std::string decision_event(const std::string& agent, const std::string& entry, const Uuid& id) {
  return R"({"id":")" + id.to_string() + R"(","kind":"decision","time":")" + text_member(entry, "timestamp") +
         R"(","agent":")" + agent + R"(","session":")" + text_member(entry, "session_id") + R"(","data":)" +
         entry + "}";
}

inline std::string decision_event(const std::string& agent, const std::string& entry) {
  return decision_event(agent, entry, crypto::decision_id(agent, text_member(entry, "hash")).value);
}

// A line of rigour-reports.ndjson: {repo, version, commit, time, report}.
inline std::string report_event(const std::string& line) {
  const std::string key = "\"report\":";
  const std::string report =
      line.substr(line.find(key) + key.size(), line.size() - line.find(key) - key.size() - 1);
  const std::string time = text_member(line, "time");
  const Uuid id =
      crypto::report_id(text_member(line, "repo"), text_member(line, "commit"), *parse_rfc3339(time), report)
          .value;
  return R"({"id":")" + id.to_string() + R"(","kind":"report","time":")" + time +
         R"(","agent":"rigour","repo":")" + text_member(line, "repo") + R"(","commit":")" +
         text_member(line, "commit") + R"(","version":")" + text_member(line, "version") + R"(","data":)" +
         report + "}";
}

struct FrameOptions {
  Uuid tenant = uuid_of(1);
  Uuid run = uuid_of(501);
  std::string stream = "agent-0";
  std::uint64_t seq = 0;
  std::string received_at = "2026-11-20T10:00:30.000000Z";
  std::string topic = "traces.v1";
  std::string summary = {};  // empty: no header
};

inline StoredRecord frame_of(const FrameOptions& options, const std::vector<std::string>& lines) {
  StoredRecord record;
  record.timestamp_ms = parse_rfc3339(options.received_at)->value / 1000;
  record.key = options.tenant.to_string() + "/" + options.stream;
  for (const std::string& line : lines) {
    if (!record.value.empty()) record.value += '\n';
    record.value += line;
  }
  record.headers = {{"ce_specversion", "1.0"},
                    {"tenant", options.tenant.to_string()},
                    {"agent", options.stream},
                    {"key_id", "key_test"},
                    {"received_at", options.received_at},
                    {"run_id", options.run.to_string()},
                    {"seq", std::to_string(options.seq)}};
  if (!options.summary.empty()) record.headers.emplace_back("summary", options.summary);
  return record;
}

}  // namespace plumbline::tests
