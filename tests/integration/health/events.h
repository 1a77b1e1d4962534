// Events for health at random, and their frames.
#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/log/log.h"
#include "tests/integration/persist/frames.h"

namespace plumbline::tests {

// One line with the stream that its frame is keyed by. Copying it with another body makes a conflict.
struct HealthLine {
  bool report = false;
  int tenant = 1;
  std::string stream, head, data;
  [[nodiscard]] std::string text() const { return head + data + "}"; }
};

class HealthEvents {
 public:
  explicit HealthEvents(std::uint64_t seed) : random_(seed) {}

  std::int64_t number(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }
  template <class... Words>
  std::string pick(Words... words) {
    const std::string all[] = {words...};
    return all[static_cast<std::size_t>(number(0, sizeof...(words) - 1))];
  }

  HealthLine line(TimeUs time) {
    HealthLine made;
    made.report = number(0, 1) == 0;
    made.tenant = static_cast<int>(number(1, 2));
    const std::string agent = pick("builder", "planner", "fixer \\u00e9");
    const std::string repo = pick("web", "core/api", "");
    Uuid id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(number(0, 255));
    const std::string kind =
        made.report ? "report" : pick("decision", "decision", "decision", "session", "span");
    made.stream = made.report ? "repo-" + repo : "agent-" + agent.substr(0, 5);
    made.head = R"({"id":")" + id.to_string() + R"(","kind":")" + kind + R"(","time":")" +
                format_rfc3339(time) + R"(","agent":")" + agent + "\"";
    if (!repo.empty()) made.head += R"(,"repo":")" + repo + "\"";
    if (number(0, 2) > 0) made.head += R"(,"branch":")" + pick("main", "next") + "\"";
    if (number(0, 2) > 0) made.head += R"(,"commit":"c)" + std::to_string(number(1, 99)) + "\"";
    if (number(0, 2) > 0) made.head += R"(,"session":"s)" + std::to_string(number(1, 5)) + "\"";
    made.head += R"(,"data":)";
    made.data = data(kind);
    return made;
  }
  std::string data(const std::string& kind) {
    if (kind == "report") return report();
    if (kind == "session") return R"({"event":")" + pick("start", "heartbeat", "end") + "\"}";
    if (kind == "span") {
      return R"({"name":"chat","attributes":{"duration_us":7})" +
             (number(0, 3) > 0 ? R"(,"duration_us":)" + std::to_string(number(0, 200000000))
                               : std::string()) +
             "}";
    }
    std::string made =
        R"({"action_type":")" + pick("auto_reply", "require_human", "deny", "notify_only") + "\"";
    if (number(0, 3) > 0) made += R"(,"policy_hash":"p)" + std::to_string(number(1, 3)) + "\"";
    if (number(0, 3) > 0) made += R"(,"matched_rule_id":"r)" + std::to_string(number(1, 3)) + "\"";
    if (number(0, 3) > 0) made += R"(,"risk_score":)" + std::to_string(number(0, 100));
    if (number(0, 3) > 0)
      made += R"(,"risk_category":")" + pick("low", "medium", "high", "critical", "odd") + "\"";
    return made + "}";
  }
  std::string report() {
    std::string made = R"({"status":")" + pick("PASS", "FAIL", "SKIP", "ERROR") + R"(","failures":[)";
    for (std::int64_t i = number(0, 3); i > 0; --i) {
      made += R"({"id":")" + pick("ARCH_BOUNDARY", "lint", "secrets:x") + R"(","title":"t")";
      if (number(0, 2) > 0) made += R"(,"severity":")" + pick("critical", "low", "info") + "\"";
      if (number(0, 2) > 0) made += R"(,"provenance":")" + pick("security", "traditional") + "\"";
      made += i > 1 ? "}," : "}";
    }
    made += R"(],"stats":{"structural_score":)" + std::to_string(number(0, 100));
    if (number(0, 3) > 0) made += R"(,"score":)" + std::to_string(number(0, 100000)) + "e-3";
    // Halves of a thousandth and of a millisecond: both sides must round them alike.
    if (number(0, 3) > 0) made += R"(,"ai_health_score":)" + std::to_string(number(0, 99)) + ".0625";
    if (number(0, 3) > 0) made += R"(,"duration_ms":)" + std::to_string(number(0, 1200000)) + ".5";
    return made + "}}";
  }

  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
};

}  // namespace plumbline::tests
