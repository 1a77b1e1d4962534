#include "consumers/persist/decode.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "core/chain/atlasbridge.h"
#include "core/codec/decoder.h"
#include "core/codec/records.h"
#include "core/crypto/sha256.h"

namespace plumbline::persist {
namespace {

using Hash = std::array<std::uint8_t, 32>;

// Of each byte its value as a lower-case hexadecimal digit, or kNoDigit.
constexpr std::uint8_t kNoDigit = 0x80;
constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNoDigit);
  for (std::uint8_t n = 0; n < 16; ++n) table[static_cast<std::uint8_t>("0123456789abcdef"[n])] = n;
  return table;
}();

std::optional<Hash> parse_hash(std::string_view hex) {
  Hash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  unsigned seen = 0;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const unsigned high = kDigits[static_cast<std::uint8_t>(hex[2 * i])];
    const unsigned low = kDigits[static_cast<std::uint8_t>(hex[2 * i + 1])];
    seen |= high | low;
    hash[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if ((seen & kNoDigit) != 0) return std::nullopt;
  return hash;
}

// The digest of a line: the first half of its SHA-256.
Uuid digest_of(std::string_view line) {
  const crypto::Digest256 whole = crypto::sha256(line);
  Uuid half;
  std::copy_n(whole.begin(), half.bytes.size(), half.bytes.begin());
  return half;
}

// Only a complete entry is hashed again: Python's canonical form costs far more than everything else here.
char content_of(const codec::DecodedTrace& trace) {
  if (!trace.decision.has_action_value || !trace.decision.has_explanation) return 'u';
  const auto check = chain::check_entry(trace.data);
  if (!check || !check->complete) return 'u';
  return check->hash_matches ? 'o' : 'b';
}

std::optional<postgres::ChainLink> link_of(const codec::DecodedTrace& trace) {
  const codec::Decision& decision = trace.decision;
  if (decision.hash.empty() || !decision.has_prev_hash) return std::nullopt;
  const auto hash = parse_hash(decision.hash);
  if (!hash) return std::nullopt;
  postgres::ChainLink link;
  link.hash = *hash;
  link.start = decision.prev_hash.empty();
  if (!link.start) {
    const auto previous = parse_hash(decision.prev_hash);
    if (!previous) return std::nullopt;
    link.prev_hash = *previous;
  }
  link.content = content_of(trace);
  return link;
}

void copy_decision(const codec::DecodedTrace& trace, postgres::TraceRow& row) {
  const codec::Decision& decision = trace.decision;
  row.action_type = decision.action_type;
  row.confidence = decision.confidence;
  row.prompt_type = decision.prompt_type;
  row.autonomy_mode = decision.autonomy_mode;
  row.risk_category = decision.risk_category;
  row.policy_hash = decision.policy_hash;
  row.matched_rule_id = decision.matched_rule_id;
  row.risk_score = decision.risk_score;
  row.link = link_of(trace);
}

postgres::ViolationRow violation_of(const codec::Failure& failure, Arena& texts) {
  postgres::ViolationRow row;
  row.gate = texts.copy(failure.id);
  row.title = texts.copy(failure.title);
  row.severity = texts.copy(failure.severity);
  row.provenance = texts.copy(failure.provenance);
  row.category = texts.copy(failure.category);
  row.details = texts.copy(failure.details);
  row.files = static_cast<std::int32_t>(failure.files.size());
  if (!failure.files.empty()) row.file = texts.copy(failure.files.front());
  row.line = failure.line;
  row.end_line = failure.end_line;
  return row;
}

}  // namespace

struct LineDecoder::Parts {
  codec::Decoder decoder;
};

LineDecoder::LineDecoder() : parts_(std::make_unique<Parts>()) {}
LineDecoder::~LineDecoder() = default;

Status LineDecoder::trace(std::string_view line, postgres::TraceRow& row) {
  auto read = parts_->decoder.decode(line, codec::Endpoint::kTraces);
  if (!read) return read.error();
  const codec::DecodedTrace& trace = **read;
  row.key.time = trace.time;
  row.key.id = trace.id;
  row.digest = digest_of(line);
  row.kind = codec::to_word(trace.kind);
  row.agent = trace.agent;
  row.session = trace.session;
  row.repo = trace.repo;
  row.branch = trace.branch;
  row.commit = trace.commit;
  row.version = trace.version;
  if (trace.kind == codec::Kind::kDecision) copy_decision(trace, row);
  return ok_status();
}

Status LineDecoder::report(std::string_view line, postgres::ReportRow& row, Arena& texts) {
  auto read = parts_->decoder.decode(line, codec::Endpoint::kReports);
  if (!read) return read.error();
  const codec::DecodedTrace& trace = **read;
  const codec::Report& report = trace.report;
  row.key.time = trace.time;
  row.key.id = trace.id;
  row.digest = digest_of(line);
  row.agent = texts.copy(trace.agent);
  row.session = texts.copy(trace.session);
  row.repo = texts.copy(trace.repo);
  row.branch = texts.copy(trace.branch);
  row.commit = texts.copy(trace.commit);
  row.version = texts.copy(trace.version);
  row.status = texts.copy(report.status);
  row.score = report.score;
  row.ai_health_score = report.ai_health_score;
  row.structural_score = report.structural_score;
  row.duration_ms = report.duration_ms;
  row.violations.clear();
  row.violations.reserve(report.failures.size());
  for (const codec::Failure& failure : report.failures)
    row.violations.push_back(violation_of(failure, texts));
  return ok_status();
}

Result<std::pair<postgres::EdgeKey, postgres::EdgeCounts>> LineDecoder::outcome(std::string_view value) {
  auto read = codec::decode_outcome_record(value);
  if (!read) return read.error();
  postgres::EdgeCounts counts{read->received, read->accepted, std::move(read->rejected),
                              std::move(read->refused)};
  return std::pair{postgres::EdgeKey{read->tenant, read->minute, read->run}, std::move(counts)};
}

Result<postgres::DeadLetter> LineDecoder::dead_letter(std::string_view value) {
  return codec::decode_dead_record(value);
}

}  // namespace plumbline::persist
