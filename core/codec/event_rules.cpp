#include "core/codec/event_rules.h"

#include "core/limits.h"

namespace plumbline::codec::event {
namespace {

using enum Type;

constexpr std::uint32_t kNameMax = limits::kNameBytesMax;
constexpr double kIntegerMax = 9007199254740991;  // 2^53 - 1: what every JSON reader holds exactly
constexpr double kRowIntegerMax = 2147483647;     // a PostgreSQL integer

constexpr std::string_view kKinds[] = {"decision", "session", "report", "span"};
constexpr std::string_view kEvents[] = {"start", "heartbeat", "end"};
constexpr std::string_view kStatuses[] = {"PASS", "FAIL", "SKIP", "ERROR"};
constexpr std::string_view kSeverities[] = {"critical", "high", "medium", "low", "info"};

constexpr Rule kUuidText{.type = kString, .format = Format::kUuid};
constexpr Rule kTimeText{.type = kString, .format = Format::kTime};
constexpr Rule kKindWord{.type = kString, .words = kKinds};
constexpr Rule kName{.type = kString, .chars_min = 1, .chars_max = kNameMax};
constexpr Rule kLabel{.type = kString, .chars_max = kNameMax};
constexpr Rule kLabelOrNull{.type = kString, .nullable = true, .chars_max = kNameMax};
constexpr Rule kWord64{.type = kString, .chars_min = 1, .chars_max = 64};
constexpr Rule kWord64OrNull{.type = kString, .nullable = true, .chars_max = 64};
constexpr Rule kText{.type = kString};
constexpr Rule kHashText{.type = kString, .format = Format::kHash};
constexpr Rule kPrevHashText{.type = kString, .format = Format::kHashOrEmpty};
constexpr Rule kPercent{.type = kInteger, .min = 0, .max = 100};
constexpr Rule kScoreNumber{.type = kNumber, .min = 0, .max = 100};
constexpr Rule kDuration{.type = kNumber, .min = 0, .max = kIntegerMax};
constexpr Rule kLineNumber{.type = kInteger, .min = 0, .max = kRowIntegerMax};

// decision
constexpr Rule kAnyObject{.type = kObject};
constexpr Rule kRiskFactors{.type = kArray, .items_max = 64, .items = &kAnyObject};
constexpr Field kDecisionFields[] = {
    {"timestamp", &kTimeText, kTimestamp},
    {"idempotency_key", &kLabel, kIdempotencyKey},
    {"prompt_id", &kLabel, kPromptId},
    {"session_id", &kLabel, kSessionId},
    {"policy_hash", &kLabel, kPolicyHash},
    {"matched_rule_id", &kLabelOrNull, kMatchedRuleId},
    {"action_type", &kWord64, kActionType, true},
    {"action_value", &kText, kActionValue},
    {"confidence", &kWord64, kConfidence},
    {"prompt_type", &kWord64, kPromptType},
    {"autonomy_mode", &kWord64, kAutonomyMode},
    {"explanation", &kText, kExplanation},
    {"risk_score", &kPercent, kRiskScore},
    {"risk_category", &kWord64OrNull, kRiskCategory},
    {"risk_factors", &kRiskFactors},
    {"prev_hash", &kPrevHashText, kPrevHash},
    {"hash", &kHashText, kHash},
};
constexpr Shape kDecisionShape{kDecisionFields, Needs{16, 15}};  // hash needs prev_hash
static_assert(kDecisionFields[16].name == "hash" && kDecisionFields[15].name == "prev_hash");
constexpr Rule kDecisionData{.type = kObject, .shape = &kDecisionShape};

// session
constexpr Rule kCountNumber{.type = kInteger, .collect = kCount, .min = 0, .max = kIntegerMax};
constexpr Rule kCounts{.type = kMap, .items_max = 64, .items = &kCountNumber};
constexpr Rule kEventWord{.type = kString, .words = kEvents};
constexpr Field kSessionFields[] = {{"event", &kEventWord, kEvent, true}, {"counts", &kCounts}};
constexpr Shape kSessionShape{kSessionFields};
constexpr Rule kSessionData{.type = kObject, .shape = &kSessionShape};

// report
constexpr Rule kStatusWord{.type = kString, .words = kStatuses};
constexpr Rule kGateStatus{.type = kString, .collect = kGate, .words = kStatuses};
constexpr Rule kSummary{.type = kMap, .items_max = 1000, .items = &kGateStatus};
constexpr Rule kSeverityWord{.type = kString, .words = kSeverities};
constexpr Rule kFilePath{.type = kString, .collect = kFile, .chars_max = 4096};
constexpr Rule kFiles{.type = kArray, .items_max = 100000, .items = &kFilePath};
constexpr Field kFailureFields[] = {
    {"id", &kName, kFailureId, true},      {"title", &kName, kTitle, true},
    {"details", &kText, kDetails},         {"severity", &kSeverityWord, kSeverity},
    {"provenance", &kWord64, kProvenance}, {"files", &kFiles},
    {"line", &kLineNumber, kLine},         {"endLine", &kLineNumber, kEndLine},
    {"category", &kLabel, kCategory},
};
constexpr Shape kFailureShape{kFailureFields};
constexpr Rule kOneFailure{.type = kObject, .collect = kFailure, .shape = &kFailureShape};
constexpr Rule kFailures{.type = kArray, .items_max = 20000, .items = &kOneFailure};
constexpr Field kStatsFields[] = {
    {"duration_ms", &kDuration, kDurationMs},
    {"score", &kScoreNumber, kScore},
    {"ai_health_score", &kScoreNumber, kAiHealthScore},
    {"structural_score", &kScoreNumber, kStructuralScore},
};
constexpr Shape kStatsShape{kStatsFields};
constexpr Rule kStats{.type = kObject, .shape = &kStatsShape};
constexpr Field kReportFields[] = {
    {"status", &kStatusWord, kStatus, true},
    {"summary", &kSummary},
    {"failures", &kFailures, kNoSlot, true},
    {"stats", &kStats},
};
constexpr Shape kReportShape{kReportFields};
constexpr Rule kReportData{.type = kObject, .shape = &kReportShape};

// span
constexpr std::string_view kSignals[] = {"span", "log"};
constexpr Rule kSignalWord{.type = kString, .words = kSignals};
constexpr Rule kWholeCount{.type = kInteger, .min = 0, .max = kIntegerMax};
constexpr Rule kSpanEvents{.type = kArray, .items_max = 1024, .items = &kAnyObject};
constexpr Field kSpanFields[] = {
    {"signal", &kSignalWord},
    {"name", &kName, kNoSlot, true},
    {"trace_id", &kLabel},
    {"span_id", &kLabel},
    {"parent_span_id", &kLabel},
    {"span_kind", &kWord64},
    {"status", &kWord64},
    {"status_message", &kText},
    {"duration_us", &kWholeCount},
    {"operation", &kLabel},
    {"provider", &kLabel},
    {"request_model", &kLabel},
    {"response_model", &kLabel},
    {"input_tokens", &kWholeCount},
    {"output_tokens", &kWholeCount},
    {"agent_id", &kLabel},
    {"agent_name", &kLabel},
    {"conversation", &kLabel},
    {"tool_name", &kLabel},
    {"tool_call_id", &kLabel},
    {"tool_type", &kLabel},
    {"error_type", &kLabel},
    {"scope", &kLabel},
    {"attributes", &kAnyObject},
    {"resource", &kAnyObject},
    {"events", &kSpanEvents},
};
constexpr Shape kSpanShape{kSpanFields};
constexpr Rule kSpanData{.type = kObject, .shape = &kSpanShape};

// envelope
constexpr Rule kDataByKind{.type = kByKind};
constexpr Field kEnvelopeFields[] = {
    {"id", &kUuidText, kId, true},       {"kind", &kKindWord, kKind, true}, {"time", &kTimeText, kTime, true},
    {"agent", &kName, kAgent, true},     {"session", &kName, kSession},     {"repo", &kName, kRepo},
    {"branch", &kName, kBranch},         {"commit", &kName, kCommit},       {"version", &kName, kVersion},
    {"data", &kDataByKind, kData, true},
};
constexpr Shape kEnvelopeShape{kEnvelopeFields};

}  // namespace

const Rule kEnvelope{.type = kObject, .shape = &kEnvelopeShape};

const Rule& data_rule(Kind kind) {
  switch (kind) {
    case Kind::kDecision:
      return kDecisionData;
    case Kind::kSession:
      return kSessionData;
    case Kind::kSpan:
      return kSpanData;
    case Kind::kReport:
      break;
  }
  return kReportData;
}

}  // namespace plumbline::codec::event
