#include "core/codec/form_decoder.h"

#include <algorithm>

#include "core/limits.h"

namespace plumbline::codec {
namespace {

constexpr std::size_t kFormsMax = 16;
// Learning costs about as much as decoding twice. When more than half of so many lines had no form, nothing
// is tried for the next kRest lines.
constexpr std::uint32_t kTried = 256, kRest = 2048;
// A longer line has parts that no other one has.
constexpr std::size_t kLineBytesMax = 64 << 10;

}  // namespace

Result<const DecodedTrace*> FormDecoder::decode(std::string_view line, Endpoint endpoint) {
  ++lines_;
  if (line.size() > kLineBytesMax) return decoder_.decode(line, endpoint);
  if (rest_ > 0) {
    --rest_;
    return decoder_.decode(line, endpoint);
  }
  if (match(line, endpoint)) {
    ++proven_;
    return &trace_;
  }
  auto decoded = decoder_.decode(line, endpoint);
  if (decoded) learn(line, (*decoded)->kind);
  return decoded;
}

bool FormDecoder::match(std::string_view line, Endpoint endpoint) {
  if (++tried_ > kTried) {
    if (missed_ > kTried / 2) rest_ = kRest;
    tried_ = missed_ = 0;
  }
  if (forms_.empty() || structure_.index(line) != nullptr) {
    ++missed_;
    return false;
  }
  for (std::size_t i = 0; i < forms_.size(); ++i) {
    if (!forms_[i].match(line, structure_.tokens(), found_)) continue;
    found_.kind = forms_[i].kind();
    if ((found_.kind == Kind::kReport) != (endpoint == Endpoint::kReports)) return false;
    if (i > 0)
      std::rotate(forms_.begin(), forms_.begin() + static_cast<std::ptrdiff_t>(i),
                  forms_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    fill();
    return true;
  }
  ++missed_;
  return false;
}

void FormDecoder::learn(std::string_view line, Kind kind) {
  if (structure_.index(line) != nullptr) return;
  Form form;
  if (!form.learn(line, structure_.tokens(), kind)) return;
  if (forms_.size() == kFormsMax) forms_.pop_back();
  forms_.insert(forms_.begin(), std::move(form));
}

void FormDecoder::fill() {
  const auto text = [this](event::Slot slot) { return found_.text(slot); };
  const auto number = [this](event::Slot slot) {
    return found_.has(slot) ? std::optional<double>(found_.values[slot].number) : std::nullopt;
  };
  trace_.kind = found_.kind;
  trace_.id = found_.id;
  trace_.time = found_.time;
  trace_.agent = text(event::kAgent);
  trace_.session = text(event::kSession);
  trace_.repo = text(event::kRepo);
  trace_.branch = text(event::kBranch);
  trace_.commit = text(event::kCommit);
  trace_.version = text(event::kVersion);
  trace_.data = text(event::kData);
  if (found_.kind == Kind::kDecision) {
    Decision& d = trace_.decision;
    d.timestamp = text(event::kTimestamp);
    d.idempotency_key = text(event::kIdempotencyKey);
    d.prompt_id = text(event::kPromptId);
    d.session_id = text(event::kSessionId);
    d.policy_hash = text(event::kPolicyHash);
    d.matched_rule_id = text(event::kMatchedRuleId);
    d.action_type = text(event::kActionType);
    d.confidence = text(event::kConfidence);
    d.prompt_type = text(event::kPromptType);
    d.autonomy_mode = text(event::kAutonomyMode);
    d.risk_category = text(event::kRiskCategory);
    d.prev_hash = text(event::kPrevHash);
    d.hash = text(event::kHash);
    d.has_prev_hash = found_.has(event::kPrevHash);
    d.has_action_value = found_.has(event::kActionValue);
    d.has_explanation = found_.has(event::kExplanation);
    d.risk_score.reset();
    if (const auto score = number(event::kRiskScore)) d.risk_score = static_cast<std::int32_t>(*score);
  } else if (found_.kind == Kind::kSession) {
    trace_.session_data = {text(event::kEvent), found_.counts};
  } else if (found_.kind == Kind::kReport) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < found_.failures.size(); ++i) {
      const std::size_t end = found_.files_ends[i];
      found_.failures[i].files = std::span<const std::string_view>(found_.files).subspan(begin, end - begin);
      begin = end;
    }
    trace_.report = {text(event::kStatus),
                     number(event::kScore),
                     number(event::kAiHealthScore),
                     number(event::kStructuralScore),
                     number(event::kDurationMs),
                     found_.gates,
                     found_.failures};
  }
}

}  // namespace plumbline::codec
