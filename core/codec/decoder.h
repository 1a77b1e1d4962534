// One line of a body or of the log into a typed trace: the hot path's judge of what schemas/ and
// schemas/json-profile.md accept. tests/property compares it with a reference validator.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/result.h"
#include "core/time.h"
#include "core/uuid.h"

namespace plumbline::codec {

// Which kinds a line may have: report on reports, all others on traces.
enum class Endpoint : std::uint8_t { kTraces, kReports };
enum class Kind : std::uint8_t { kDecision, kSession, kReport, kSpan };
[[nodiscard]] std::string_view to_word(Kind kind);

// Text members that the line lacks (or has as null) are empty; all texts are unescaped UTF-8.
struct Decision {
  std::string_view timestamp, idempotency_key, prompt_id, session_id, policy_hash, matched_rule_id;
  std::string_view action_type, confidence, prompt_type, autonomy_mode, risk_category;
  std::optional<std::int32_t> risk_score;  // 0 to 100
  std::string_view prev_hash;              // empty, or 64 lower-case hexadecimal digits
  std::string_view hash;                   // empty, or 64 lower-case hexadecimal digits; then has_prev_hash
  bool has_prev_hash = false;              // an empty prev_hash that is there starts a chain
  // Content that is only there if its operator opted in: without both, a content hash can't be checked.
  bool has_action_value = false;
  bool has_explanation = false;
};

struct Count {
  std::string_view name;
  std::int64_t value = 0;
};

struct Session {
  std::string_view event;  // start, heartbeat, end
  std::span<const Count> counts;
};

struct Gate {
  std::string_view name;
  std::string_view status;  // PASS, FAIL, SKIP, ERROR
};

struct Failure {
  std::string_view id, title, details, severity, provenance, category;
  std::span<const std::string_view> files;
  std::optional<std::int64_t> line, end_line;
};

struct Report {
  std::string_view status;  // PASS, FAIL, SKIP, ERROR
  std::optional<double> score, ai_health_score, structural_score, duration_ms;
  std::span<const Gate> summary;
  std::span<const Failure> failures;
};

// Views borrow from the line and from the decoder: they live until its next decode.
struct DecodedTrace {
  Kind kind = Kind::kDecision;
  Uuid id;
  TimeUs time;
  std::string_view agent;
  std::string_view session, repo, branch, commit, version;  // empty: not there (an empty name is refused)
  std::string_view data;                                    // the member `data` as it came: one JSON object
  Decision decision;                                        // set for its kind only
  Session session_data;
  Report report;
};

// Keeps its parser's memory from line to line: one per thread. Not thread-safe. The same line gives the same
// answer.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // Everything that would be stored is checked, known to the schema or not. The line needs no padding behind
  // it. Poison with a word of core/outcome.h, judged in this order: too_large, invalid_json, schema,
  // wrong_endpoint. The message names the place as a JSON pointer, what is wrong and the bound; never a value
  // of the line.
  Result<const DecodedTrace*> decode(std::string_view line, Endpoint endpoint);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumbline::codec
