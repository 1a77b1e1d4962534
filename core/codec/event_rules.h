// schemas/events/*.json as tables of rules.h, and where their values are kept.
#pragma once
#include <cstdint>

#include "core/codec/decoder.h"
#include "core/codec/rules.h"

namespace plumbline::codec::event {

enum Slot : std::uint8_t {
  kId,
  kKind,
  kTime,
  kAgent,
  kSession,
  kRepo,
  kBranch,
  kCommit,
  kVersion,
  kData,
  // decision
  kTimestamp,
  kIdempotencyKey,
  kPromptId,
  kSessionId,
  kPolicyHash,
  kMatchedRuleId,
  kActionType,
  kActionValue,
  kConfidence,
  kPromptType,
  kAutonomyMode,
  kExplanation,
  kRiskScore,
  kRiskCategory,
  kPrevHash,
  kHash,
  // session
  kEvent,
  // report
  kStatus,
  kScore,
  kAiHealthScore,
  kStructuralScore,
  kDurationMs,
  // one failure of a report
  kFailureId,
  kTitle,
  kDetails,
  kSeverity,
  kProvenance,
  kCategory,
  kLine,
  kEndLine,
};

enum Collect : std::uint8_t { kNothing, kCount, kGate, kFile, kFailure };

// The envelope; its `data` is kByKind.
extern const Rule kEnvelope;
[[nodiscard]] const Rule& data_rule(Kind kind);

}  // namespace plumbline::codec::event
